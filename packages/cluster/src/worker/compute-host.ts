import { ConnectionLostError } from "../errors.js";
import type { Program } from "../program/program.js";
import { Peer } from "../rpc/peer.js";
import { startThread, type ThreadHost } from "../thread/thread-host.js";
import { type Clock, systemClock } from "../transport/clock.js";
import { Claims } from "./claims.js";

/** What a thread is told before it can compute. */
interface Told {
  readonly session: unknown;
  readonly programs: readonly Program[];
}

/** A thread inside native code is killed when that returns, if ever: after so many seconds another one goes on beside it. */
const KILL_SECONDS = 5;

/** The thread that computes for a worker. It can be killed and started anew: what it was told is told again. */
export class ComputeHost {
  readonly #startThread: typeof startThread;
  readonly #clock: Clock;
  #thread: ThreadHost;
  #peer: Peer;
  #told: Told = { session: undefined, programs: [] };
  #restarting: Promise<void> | undefined;
  #over = false;
  readonly #closes: ((reason: Error | undefined) => void)[] = [];
  readonly #printed: (news: unknown) => void;
  #telling = 0;
  #claims = new Claims();

  /**
   * @param printed Given what the thread prints.
   * @param start How a thread is started.
   */
  constructor(printed: (news: unknown) => void = () => {}, start = startThread, clock: Clock = systemClock) {
    this.#printed = printed;
    this.#startThread = start;
    this.#clock = clock;
    [this.#thread, this.#peer] = this.#start();
  }

  /** The hashes of the programs it has, in their order. */
  get programs(): string[] {
    return this.#told.programs.map(({ hash }) => hash);
  }

  /** Places for jobs in the thread there is now. */
  get claims(): Claims {
    return this.#claims;
  }

  clear(): Promise<void> {
    return this.#tell("clear", {}, (told) => ({ ...told, programs: [] }));
  }

  configure(session: unknown): Promise<void> {
    return this.#tell("configure", session, (told) => ({ ...told, session }));
  }

  load(program: Program): Promise<void> {
    return this.#tell("load", program, (told) => ({ ...told, programs: [...told.programs, program] }));
  }

  /** Whether the thread is being told what it needs to know: what it prints then is a module's own. */
  get loading(): boolean {
    return this.#telling > 0 || this.#restarting !== undefined;
  }

  /** Calls the thread there is now, once it has been told what it needs to know; a restart is the end of the call. */
  call<T>(method: string, params: unknown): Promise<T> {
    const called = (): Promise<T> => this.#peer.call<T>(method, params);
    return this.#restarting ? this.#restarting.then(called) : called();
  }

  /** Settles when the thread can be called without waiting. */
  async ready(): Promise<void> {
    await this.#restarting;
  }

  emit(event: string, data: unknown): void {
    this.#peer.emit(event, data);
  }

  /** Kills the thread, whatever it is doing, and starts another in the same state, but with nothing computed. */
  restart(): Promise<void> {
    this.#restarting ??= this.#restart().finally(() => {
      this.#restarting = undefined;
    });
    return this.#restarting;
  }

  /** Ends the thread for good. */
  async kill(reason?: Error): Promise<void> {
    this.#end(reason);
    await this.#thread.kill(reason);
  }

  /** Called once, when the thread has ended for another reason than a restart. */
  onClose(listener: (reason: Error | undefined) => void): void {
    this.#closes.push(listener);
  }

  #start(): [ThreadHost, Peer] {
    const thread = this.#startThread(new URL("./compute-thread.js", import.meta.url));
    const peer = new Peer(thread.transport, {}, "compute thread");
    peer.on("printed", (news) => this.#printed(news));
    this.#claims = new Claims();
    peer.emit("claims", this.#claims.words);
    thread.transport.onClose((reason) => {
      if (this.#thread === thread) this.#end(reason);
    });
    return [thread, peer];
  }

  async #restart(): Promise<void> {
    if (this.#over) throw new ConnectionLostError("This worker is ending.", {});
    const old = this.#thread;
    [this.#thread, this.#peer] = this.#start();
    try {
      await this.#within(KILL_SECONDS, old.kill());
      const { session, programs } = this.#told;
      if (session !== undefined) await this.#peer.call("configure", session);
      for (const program of programs) await this.#peer.call("load", program);
    } catch (error) {
      await this.kill(error as Error);
      throw error;
    }
  }

  async #tell(method: string, params: unknown, note: (told: Told) => Told): Promise<void> {
    await this.#restarting;
    const before = this.#told;
    this.#told = note(before);
    const peer = this.#peer;
    this.#telling++;
    try {
      await peer.call(method, params);
    } catch (error) {
      // a thread that was started meanwhile has been told this with all the rest
      if (peer !== this.#peer) return this.#restarting;
      this.#told = before;
      throw error;
    } finally {
      this.#telling--;
    }
  }

  /** Settles with the work, or after so long. */
  async #within(seconds: number, work: Promise<void>): Promise<void> {
    let cancel = (): void => {};
    const late = new Promise<void>((resolve) => {
      cancel = this.#clock.after(seconds, resolve);
    });
    await Promise.race([work, late]).finally(cancel);
  }

  #end(reason: Error | undefined): void {
    if (this.#over) return;
    this.#over = true;
    for (const close of this.#closes) close(reason);
  }
}
