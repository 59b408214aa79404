import { get } from "node:http";

/** What a server says of itself (`/varz`), as far as it is read here. */
export interface Varz {
  readonly server_name: string;
  readonly version: string;
  readonly connections: number;
  readonly routes: number;
  readonly leafnodes: number;
  readonly subscriptions: number;
  readonly in_msgs: number;
  readonly out_msgs: number;
  readonly in_bytes: number;
  readonly out_bytes: number;
  readonly slow_consumers: number;
  /** Bytes of memory. */
  readonly mem: number;
  /** Percent of a core. */
  readonly cpu: number;
}

/** Connections between leaf nodes and the hub (`/leafz`), with what passed: `in` is what this server received. */
export interface Leafz {
  readonly leafs: readonly {
    readonly account: string;
    readonly ip: string;
    readonly port: number;
    readonly in_msgs: number;
    readonly out_msgs: number;
    readonly in_bytes: number;
    readonly out_bytes: number;
    readonly subscriptions: number;
  }[];
}

/** JetStream (`/jsz`), as far as it is read here. */
export interface Jsz {
  readonly streams: number;
  readonly consumers: number;
  readonly messages: number;
  readonly bytes: number;
  readonly memory: number;
  readonly storage: number;
  /** Only in a cluster. */
  readonly meta_cluster?: { readonly name: string; readonly leader?: string; readonly cluster_size: number };
  /** Only where `streams=true` was asked. */
  readonly account_details?: readonly {
    readonly name: string;
    readonly stream_detail?: readonly {
      readonly name: string;
      readonly state: {
        readonly messages: number;
        readonly bytes: number;
        readonly first_seq: number;
        readonly last_seq: number;
      };
      readonly cluster?: { readonly leader?: string };
    }[];
  }[];
}

/** Reads a server's monitoring port. */
export class Monitor {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  varz(): Promise<Varz> {
    return this.#read("varz");
  }

  async leafz(): Promise<Leafz> {
    return { leafs: [], ...(await this.#read<Partial<Leafz>>("leafz")) };
  }

  jsz(): Promise<Jsz> {
    return this.#read("jsz?streams=true");
  }

  /** Whether it serves: with JetStream, whether that one is there and has caught up. */
  async healthy(): Promise<boolean> {
    return (await this.#read<{ status?: string }>("healthz")).status === "ok";
  }

  async #read<T>(path: string): Promise<T> {
    return JSON.parse(await fetchText(`${this.url}/${path}`)) as T;
  }
}

/** No connection is kept: nothing stays open in a test that asked. */
function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 5000 }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (more: string) => {
        text += more;
      });
      response.on("end", () => resolve(text));
      response.on("error", reject);
    });
    request.on("timeout", () => request.destroy(new Error(`${url} gave no answer`)));
    request.on("error", reject);
  });
}
