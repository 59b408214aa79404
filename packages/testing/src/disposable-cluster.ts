import {
  connect,
  connectWorker,
  type MasterHandle,
  type MasterOptions,
  type RemoteWorker,
  type Session,
  startMaster,
  type WorkerOptions,
} from "@graphvm/cluster";
import { given } from "@graphvm/engine/internal";
import { ChildWorker } from "./child-worker.js";
import { expectNoLeaks, lowest, openResources, type Resources } from "./leaks.js";

/** What a disposable cluster is made of; everything has a default. */
export interface ClusterOptions extends Omit<MasterOptions, "port" | "workers"> {
  /** Worker threads of the master. Default 1; 0 where sockets or processes are to compute. */
  readonly threads?: number;
  /** WebSocket workers in this process. Default 0. */
  readonly sockets?: number;
  /** WebSocket workers in processes of their own, which can be killed or stopped. Default 0. */
  readonly processes?: number;
  /** Where workers look for inputs. Default: the master's root. */
  readonly workerRoot?: string;
  /** For how long workers and sessions dial a lost master again. Default 0: they end. */
  readonly reconnectSeconds?: number;
  /** Jobs may still run when the cluster ends. */
  readonly leaveJobs?: boolean;
}

/** The clusters that are open now, and what was open before the first of them. */
const live: { count: number; before: Resources } = { count: 0, before: new Map() };

/**
 * A cluster for one test: a master on a free port, workers, and a session that is connected to it. Leaving its scope ends
 * all of it, and fails where a job still runs or a socket, thread, timer or process stays.
 *
 * @example
 * await using cluster = await disposableCluster({ threads: 2, sockets: 1 });
 * await cluster.session.load("sums.ts");
 */
export async function disposableCluster(options: ClusterOptions = {}): Promise<DisposableCluster> {
  if (live.count++ === 0) live.before = openResources();
  const { threads = 1, sockets = 0, processes = 0, workerRoot, leaveJobs = false, reconnectSeconds, ...rest } = options;
  const master = await startMaster({ ...rest, port: 0, workers: threads }).catch((error: unknown) => {
    live.count--;
    throw error;
  });
  const cluster = new DisposableCluster(master, options);
  try {
    for (let i = 0; i < sockets; i++) await cluster.addSocket();
    for (let i = 0; i < processes; i++) await cluster.addProcess();
    await cluster.open();
    // a test runner's own timers come and go: what is gone by now counts as not there
    live.before = lowest(live.before, openResources());
    return cluster;
  } catch (error) {
    live.count--;
    await cluster.end();
    throw error;
  }
}

/** Made by `disposableCluster`. */
export class DisposableCluster implements AsyncDisposable {
  readonly master: MasterHandle;
  readonly sockets: RemoteWorker[] = [];
  readonly processes: ChildWorker[] = [];
  readonly #sessions: Session[] = [];
  readonly #options: ClusterOptions;
  #closing: Promise<void> | undefined;

  constructor(master: MasterHandle, options: ClusterOptions) {
    this.master = master;
    this.#options = options;
  }

  /** The first session. */
  get session(): Session {
    return this.#sessions[0]!;
  }

  get url(): string {
    return this.master.url;
  }

  /** Opens another session, the operator's unless another token is shown. */
  async open(token = this.#options.tokens?.operator ?? this.#options.token): Promise<Session> {
    const { reconnectSeconds = 0 } = this.#options;
    const session = await connect(this.url, { reconnectSeconds, ...given({ token }) });
    this.#sessions.push(session);
    return session;
  }

  /** @param more What is other than the cluster's workers have: labels, for one. */
  async addSocket(more: Partial<WorkerOptions> = {}): Promise<RemoteWorker> {
    const worker = await connectWorker({ ...this.#workerOptions(), ...more });
    this.sockets.push(worker);
    return worker;
  }

  async addProcess(more: Partial<WorkerOptions> = {}): Promise<ChildWorker> {
    const worker = await ChildWorker.start({ ...this.#workerOptions(), ...more });
    this.processes.push(worker);
    return worker;
  }

  /** Kills a worker wherever it runs: its thread or process ends at once. */
  async kill(id: string): Promise<void> {
    const thread = this.master.threads.get(id);
    const socket = this.sockets.find((each) => each.id === id);
    const child = this.processes.find((each) => each.id === id);
    if (thread) await thread.kill();
    else if (socket) await socket.close();
    else if (child) await child.kill();
    else throw new Error(`there is no worker ${id} in this test`);
  }

  /** Ends everything and checks that nothing is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Ends everything without looking for leaks. */
  async end(): Promise<void> {
    for (const session of this.#sessions) await within("a session to close", session.close());
    for (const worker of this.sockets) await within(`the worker ${worker.id} to close`, worker.close());
    for (const worker of this.processes) await within(`the process of ${worker.id} to end`, worker.kill());
    await within("the master to close", this.master.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const running = await this.#unfinished();
    try {
      await this.end();
    } finally {
      live.count--;
    }
    if (running > 0 && !this.#options.leaveJobs)
      throw new Error(`${running} jobs were not over when the cluster ended`);
    // clusters side by side share the process: the last one to go looks for what any of them left
    if (live.count === 0) await expectNoLeaks(live.before);
  }

  async #unfinished(): Promise<number> {
    try {
      const { total, done, failed } = (await this.session.status()).jobs;
      return total - done - failed;
    } catch {
      return 0; // the master is gone, and its jobs with it
    }
  }

  #workerOptions() {
    const { tokens, memory, root, workerRoot = root, heartbeat, reconnectSeconds = 0 } = this.#options;
    const token = tokens?.worker ?? tokens?.operator ?? this.#options.token;
    return {
      master: this.url,
      reconnectSeconds,
      ...given({ token, heartbeat, memory, root: workerRoot }),
    };
  }
}

/** Something that hangs is named, instead of the whole test running out of time. */
async function within<T>(what: string, work: Promise<T>, milliseconds = 20_000): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`waited too long for ${what}; open: ${process.getActiveResourcesInfo().join(", ")}`));
    }, milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
