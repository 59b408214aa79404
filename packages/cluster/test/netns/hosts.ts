import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const DELAY = fileURLToPath(new URL("./delay.py", import.meta.url));
const SECONDS = 0.02;

/** Why several hosts can't be played on this machine; undefined where they can. */
export function whyNoHosts(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  if (process.getuid?.() !== 0) return "network namespaces need root";
  if (spawnSync("ip", ["netns", "list"]).status !== 0) return "there is no `ip netns` (iproute2)";
  const probe = `gv${process.pid}probe`;
  const made = spawnSync("ip", ["netns", "add", probe]).status === 0;
  spawnSync("ip", ["netns", "del", probe]);
  return made ? undefined : "`ip netns add` is not allowed here";
}

/** Runs `ip`; fails with what it said. */
function ip(...args: string[]): void {
  const { status, stderr } = spawnSync("ip", args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`ip ${args.join(" ")}: ${stderr.trim()}`);
}

/** A process on a host. */
export interface OnHost {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  /** What it printed so far. */
  readonly text: () => string;
  /** Settles once its output has the text. */
  says(text: RegExp): Promise<void>;
}

/**
 * Hosts with addresses of their own: network namespaces on two bridges, one a plane, and a long cable between those. The
 * bridges lie in a namespace too, so that nothing of it is in the machine's own network. `close` ends and removes all.
 */
export class Hosts {
  /** What makes the cable long: 20 ms one way. */
  readonly delay: "netem" | "a relay" | "nothing";
  readonly #prefix = `gv${process.pid}x`;
  readonly #spaces: string[] = [];
  readonly #children: { readonly child: ChildProcess; readonly ended: Promise<unknown> }[] = [];
  readonly #addresses = new Map<string, string>();

  private constructor(delay: Hosts["delay"]) {
    this.delay = delay;
  }

  /** @param hosts The plane in which each host stands. */
  static async make(hosts: { readonly [name: string]: string }, onMade: (hosts: Hosts) => void): Promise<Hosts> {
    removeLeftovers();
    const made = new Hosts(whatDelays());
    onMade(made);
    await made.#wire([...new Set(Object.values(hosts))]);
    for (const [name, plane] of Object.entries(hosts)) made.#add(name, plane);
    return made;
  }

  address(host: string): string {
    return this.#addresses.get(host)!;
  }

  /** Starts node on a host. */
  node(host: string, args: readonly string[], env: { readonly [name: string]: string } = {}, cwd?: string): OnHost {
    return this.#spawn(host, [process.execPath, ...args], env, cwd);
  }

  /** Bytes that a host's network card sent so far, whatever for. */
  bytesSent(host: string): number {
    const path = "/sys/class/net/eth0/statistics/tx_bytes";
    const { stdout } = spawnSync("ip", ["netns", "exec", this.#space(host), "cat", path], { encoding: "utf8" });
    return Number(stdout);
  }

  /** Ends every process and removes every namespace; bridges, cards and cables go with these. */
  async close(): Promise<void> {
    for (const { child } of this.#children) child.kill("SIGKILL");
    await Promise.all(this.#children.map(({ ended }) => ended));
    for (const space of this.#spaces.splice(0)) spawnSync("ip", ["netns", "del", space]);
  }

  /** Namespaces of these hosts that are still there. */
  left(): string[] {
    const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
    return stdout.split("\n").filter((line) => line.startsWith(this.#prefix));
  }

  #space(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  #addSpace(name: string): string {
    const space = this.#space(name);
    ip("netns", "add", space);
    this.#spaces.push(space);
    ip("-n", space, "link", "set", "lo", "up");
    return space;
  }

  /** A bridge for each plane, and the cable between the first two. */
  async #wire(planes: readonly string[]): Promise<void> {
    const space = this.#addSpace("wire");
    for (const plane of planes) {
      ip("-n", space, "link", "add", `br-${plane}`, "type", "bridge");
      ip("-n", space, "link", "set", `br-${plane}`, "up");
    }
    const ends = planes.map((plane) => `to-${plane}`);
    if (this.delay === "a relay") {
      const relay = this.#spawn("wire", ["python3", DELAY, String(SECONDS), ...ends]);
      await relay.says(/ready/);
    } else ip("-n", space, "link", "add", ends[0]!, "type", "veth", "peer", "name", ends[1]!);
    for (const [i, end] of ends.entries()) {
      if (this.delay === "netem") {
        const { stderr, status } = spawnSync("tc", ["-n", space, ...netem(end)], { encoding: "utf8" });
        if (status !== 0) throw new Error(`tc: ${stderr}`);
      }
      ip("-n", space, "link", "set", end, "master", `br-${planes[i]}`, "up");
    }
  }

  #add(name: string, plane: string): void {
    const space = this.#addSpace(name);
    const address = `10.77.0.${this.#addresses.size + 1}`;
    this.#addresses.set(name, address);
    const wire = this.#space("wire");
    ip("-n", wire, "link", "add", `h-${name}`, "type", "veth", "peer", "name", "eth0", "netns", space);
    ip("-n", wire, "link", "set", `h-${name}`, "master", `br-${plane}`, "up");
    ip("-n", space, "address", "add", `${address}/24`, "dev", "eth0");
    ip("-n", space, "link", "set", "eth0", "up");
  }

  #spawn(
    host: string,
    command: readonly string[],
    env: { readonly [name: string]: string } = {},
    cwd?: string,
  ): OnHost {
    // `ip netns exec` becomes the command: its process id is the command's
    const child = spawn("ip", ["netns", "exec", this.#space(host), ...command], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    let text = "";
    const told: (() => void)[] = [];
    const wake = (): void => {
      for (const each of told.splice(0)) each();
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (piece: Buffer) => {
        text += piece;
        wake();
      });
    }
    const ended = new Promise<number | null>((resolve) => {
      child.once("close", (code) => {
        resolve(code);
        wake();
      });
    });
    this.#children.push({ child, ended });
    const says = async (what: RegExp): Promise<void> => {
      while (!what.test(text)) {
        if (child.exitCode !== null) throw new Error(`${command.join(" ")} ended without saying ${what}: ${text}`);
        await new Promise<void>((resolve) => told.push(resolve));
      }
    };
    return { child, ended, text: () => text, says };
  }
}

const netem = (device: string): string[] => [
  "qdisc",
  "add",
  "dev",
  device,
  "root",
  "netem",
  "delay",
  `${SECONDS * 1000}ms`,
];

/** The kernel's netem where it is there; else a relay of our own between two taps. */
function whatDelays(): Hosts["delay"] {
  const space = `gv${process.pid}tc`;
  ip("netns", "add", space);
  try {
    ip("-n", space, "link", "set", "lo", "up");
    if (spawnSync("tc", ["-n", space, ...netem("lo")]).status === 0) return "netem";
  } finally {
    spawnSync("ip", ["netns", "del", space]);
  }
  const python = spawnSync("python3", ["-c", "import fcntl"]).status === 0;
  return python && existsSync("/dev/net/tun") ? "a relay" : "nothing";
}

/** Namespaces of a test run that was killed: nobody else is going to remove them. */
function removeLeftovers(): void {
  const { stdout } = spawnSync("ip", ["netns", "list"], { encoding: "utf8" });
  for (const [space, pid] of stdout.matchAll(/^gv(\d+)(?:x-\w+|tc|probe)/gm)) {
    if (existsSync(`/proc/${pid}`)) continue;
    const running = spawnSync("ip", ["netns", "pids", space], { encoding: "utf8" }).stdout.trim().split(/\s+/);
    for (const left of running.map(Number)) if (left > 1) process.kill(left, "SIGKILL");
    spawnSync("ip", ["netns", "del", space]);
  }
}
