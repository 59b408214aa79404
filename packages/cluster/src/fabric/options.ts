import { BadOptionError } from "../errors.js";

/** JetStream sets it aside when the first master of a cluster starts. */
export interface FabricRoom {
  /** Bytes of the journal: a call has some hundreds, a job about a hundred. Default 1 GB. */
  readonly journal?: number;
  /** Bytes of programs and large params. Default 1 GB. */
  readonly blobs?: number;
  /** Jobs that workers were sent and have not done. Default 100,000. */
  readonly jobs?: number;
}

/** Where a cluster meets: NATS servers with JetStream. */
export interface FabricOptions {
  /** `nats://[user:pass@]host:4222`, or several servers of one NATS cluster: a list, or one text with commas. */
  readonly servers: string | readonly string[];
  /** Tells clusters on the same servers apart. Default `graphvm`. */
  readonly cluster?: string;
  /** A NATS credentials file (`.creds`). */
  readonly credsFile?: string;
  /** Room that a master asks of NATS for what its cluster keeps; what is full refuses, and drops nothing. */
  readonly room?: FabricRoom;
  /**
   * For how long a leader may say nothing before a standby takes over, in seconds: longer where a master has graphs of millions of
   * jobs, which it may be busy with. Default 3. One whose process has ended is followed sooner.
   */
  readonly leaseSeconds?: number;
  /** Whom to believe where the servers have TLS, as PEM, and what to show them. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

/** Servers as a NATS client takes them. */
export interface Servers {
  /** `host:port` */
  readonly hosts: readonly string[];
  readonly user?: string;
  readonly pass?: string;
  readonly secure: boolean;
}

/** Reads `nats://` and `tls://` addresses. @throws BadOptionError */
export function readServers(servers: FabricOptions["servers"]): Servers {
  const texts = (typeof servers === "string" ? servers.split(",") : servers).map((each) => each.trim());
  const urls = texts.map(readUrl);
  const { username, password } = urls.find((url) => url.username !== "") ?? urls[0]!;
  return {
    hosts: urls.map(({ hostname, port }) => `${hostname}:${port || 4222}`),
    ...(username === "" ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }),
    secure: urls.some(({ protocol }) => protocol === "tls:"),
  };
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url && (url.protocol === "nats:" || url.protocol === "tls:") && url.hostname !== "") return url;
  const what = text.replace(/\/\/[^@/]*@/, "//");
  throw new BadOptionError(
    `${what || "An empty text"} is no address of a fabric: use nats://host:4222, several with commas.`,
    {
      option: "fabric",
    },
  );
}

/** Where it is, for people: no user, no password. */
export function fabricText({ servers, cluster = "graphvm" }: FabricOptions): string {
  return `${readServers(servers)
    .hosts.map((host) => `nats://${host}`)
    .join(",")} (cluster ${cluster})`;
}
