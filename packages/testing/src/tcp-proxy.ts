import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** How a proxy treats what goes through it. */
export type Weather = "fair" | "stalled" | "cut";

/**
 * A TCP proxy before a process: counts bytes, and can stall (nothing arrives any more, either way, and links look open) or cut
 * (links end, and new ones are refused).
 */
export class TcpProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** What is to happen when the weather turns: nobody hears of an end while links stall. */
  readonly #held: (() => void)[] = [];
  #weather: Weather = "fair";
  #bytes = 0;

  private constructor(target: () => string) {
    this.#server = createServer((near) => {
      if (this.#weather === "cut") near.destroy();
      else this.#join(near, target());
    });
  }

  /** @param target Where it leads: asked anew for each connection. */
  static async start(target: string | (() => string)): Promise<TcpProxy> {
    const proxy = new TcpProxy(typeof target === "string" ? () => target : target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What went through it, both ways. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Stalled bytes go on when it is fair again. */
  set weather(weather: Weather) {
    this.#weather = weather;
    if (weather !== "stalled") for (const held of this.#held.splice(0)) held();
    for (const socket of this.#open) {
      if (weather === "cut") socket.destroy();
      else if (weather === "stalled") socket.pause();
      else socket.resume();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(near: Socket, target: string): void {
    const { hostname, port } = new URL(target);
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#open.add(from);
      from.on("data", (chunk) => {
        this.#bytes += chunk.length;
        to.write(chunk);
      });
      from.on("error", () => {});
      from.on("close", () => {
        this.#open.delete(from);
        if (this.#weather === "stalled") this.#held.push(() => to.destroy());
        else to.destroy();
      });
      if (this.#weather === "stalled") from.pause();
    }
  }
}
