import * as v from "valibot";
import { RefusedError, SessionStateError } from "../errors.js";
import type { GraphPicture } from "../planner/picture.js";
import { bytesSchema, nodeIdSchema, PROTOCOL_VERSION, sha256Schema, VERSION } from "../protocol.js";
import type { Json } from "../recording/index.js";
import { Attached, type Method, type Methods, method, Peer } from "../rpc/peer.js";
import type { Clock } from "../transport/clock.js";
import type { Transport } from "../transport/transport.js";
import type { MasterEvent } from "../watch/events.js";
import type { Answer, Call } from "./call.js";
import { type CalcParams, calcSchema, dispatchWanted, SESSION_CALLS } from "./calls.js";
import { Draining } from "./draining.js";
import { IdleEnd } from "./idle-end.js";
import { MadeRecordings } from "./made-recordings.js";
import { type ClientRole, methodsFor } from "./method-roles.js";
import { PlacedFiles } from "./placed-files.js";
import { ProgressNews } from "./progress-news.js";
import { makeRecording } from "./recorder.js";
import type { MasterSession } from "./session.js";
import type { RecordingSettings, SessionLog } from "./session-log.js";

/** Above so many nodes a recording keeps its graph folded by rule. */
const DRAWN_NODES = 1000;

const nothing = v.strictObject({});
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const captureSchema = v.array(v.picklist(["inputs", "outputs"]));
const short = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const recordingSchema = v.strictObject({
  on: v.boolean(),
  capture: v.exactOptional(captureSchema),
  digests: v.exactOptional(v.picklist(["jobs", "nodes"])),
  labels: v.exactOptional(v.record(short, short)),
  author: v.exactOptional(short),
});
const restartSchema = v.strictObject({
  seed: v.pipe(v.number(), v.safeInteger()),
  epoch: v.pipe(v.number(), v.safeInteger()),
  roots: v.array(v.string()),
  inputs: v.record(v.string(), v.string()),
});

/** Answers clients: validates, puts changing calls in order, logs every call before it acknowledges it. */
export class Master {
  readonly session: MasterSession;
  readonly log: SessionLog;
  readonly #roots: readonly string[];
  readonly #now: () => number;
  readonly #end: () => void;
  readonly #clients = new Set<Peer>();
  /** Clients that want to hear how far jobs have come. */
  readonly #followers = new Set<Peer>();
  readonly #news: ProgressNews;
  readonly #idle: IdleEnd | undefined;
  readonly #draining = new Draining();
  readonly #made: MadeRecordings;
  readonly #placed: PlacedFiles;
  #queue: Promise<unknown> = Promise.resolve();

  /** @param idle After how many seconds without a client and without jobs it ends. */
  constructor(
    session: MasterSession,
    log: SessionLog,
    roots: readonly string[],
    now: () => number,
    end: () => void,
    idle?: { readonly seconds: number; readonly clock: Clock },
  ) {
    this.session = session;
    this.log = log;
    this.#roots = roots;
    this.#now = now;
    this.#end = end;
    this.#made = new MadeRecordings(log.directory);
    this.#placed = new PlacedFiles();
    this.#news = new ProgressNews((progress) => {
      if (this.#followers.size === 0) return;
      const news = { ...progress, ...session.activity() };
      for (const follower of this.#followers) follower.emit("progress", news);
    });
    session.runner.onProgress((progress) => {
      this.#news.add(progress);
      this.#idle?.changed();
    });
    if (idle) {
      const quiet = (): boolean => this.#clients.size === 0 && !session.runner.busy;
      this.#idle = new IdleEnd(idle.clock, idle.seconds, quiet, () => {
        session.watch.tell({ kind: "ending", why: `nobody was connected and nothing ran for ${idle.seconds} s` });
        end();
      });
    }
  }

  /** @param openCalls How many calls of an operator may be unanswered at once; of an auditor a hundredth of it. */
  accept(link: Transport, role: ClientRole, openCalls: number): void {
    const peer: Peer = new Peer(
      link,
      methodsFor(
        role,
        this.#methods(role, () => peer),
      ),
      "client",
      role === "operator" ? openCalls : Math.max(1, Math.floor(openCalls / 100)),
    );
    this.#clients.add(peer);
    peer.on("follow", (on) => (on === true ? this.#followers.add(peer) : this.#followers.delete(peer)));
    this.#countClients({ kind: "clientJoined" });
    peer.onClose((reason) => {
      this.#clients.delete(peer);
      this.#followers.delete(peer);
      this.#draining.left(peer);
      this.#countClients({ kind: "clientLeft", reason: reason?.message });
    });
  }

  #countClients(event: MasterEvent): void {
    this.session.clients = this.#clients.size;
    this.session.watch.tell(event);
    this.#idle?.changed();
  }

  /** Why it can take no work now. */
  whyNotReady(): string[] {
    const why = this.session.whyNotReady();
    if (this.#draining.begun) why.unshift("it is ending");
    if (this.log.journal.failed) why.unshift("its journal can't be written");
    return why;
  }

  /** Takes no new work; settles when what runs has ended. */
  async drain(clock: Clock): Promise<void> {
    this.session.watch.tell({ kind: "ending", why: "it was told to: jobs that run may finish" });
    await this.#draining.drain(this.session.runner, clock);
  }

  close(): void {
    this.#idle?.close();
    this.#news.close();
    for (const client of this.#clients) client.close();
    this.#made.close();
    this.#placed.close();
  }

  #methods(role: ClientRole, peer: () => Peer): Methods {
    const methods: { [name: string]: Method } = {};
    for (const [name, call] of Object.entries(SESSION_CALLS)) {
      methods[name] = method(call.params, (params) => this.#answer(name, call, params, role));
    }
    const { wait } = methods;
    methods.wait = { ...wait!, run: (params) => this.#draining.waiting(peer(), async () => wait!.run(params)) };
    methods.calc = method(calcSchema, (params) => this.#calc(params, role, peer()));
    return { ...methods, ...this.#ownMethods(role) };
  }

  /** What a client would ask for in four calls, in one: the journal has the lines of the four. */
  async #calc(params: CalcParams, role: ClientRole, peer: Peer): Promise<unknown> {
    const { refs, cut, noCopy } = params;
    const { jobDeps, wait, getData } = SESSION_CALLS;
    await this.#inOrder(async () => {
      this.#draining.refuse();
      // the job is on its way while its lines are written; the client hears of nothing before they are
      const planned = await settle(jobDeps!.run({ refs, cut, noCopy }, this.session, this.log));
      const dispatched =
        planned.status === "fulfilled" ? await settle(dispatchWanted(params, this.session)) : undefined;
      await this.#logSettled("jobDeps", { refs, cut, noCopy } as unknown as Json, planned, role);
      if (dispatched) await this.#logSettled("dispatchJobs", params as unknown as Json, dispatched, role);
    });
    await this.#draining.waiting(peer, () => this.#answer("wait", wait!, { brief: true }, role));
    return this.#answer("getData", getData!, { refs }, role);
  }

  /** What concerns the session as a whole. */
  #ownMethods(role: ClientRole): Methods {
    return {
      hello: method(v.object({ protocol: v.number(), version: v.string() }), ({ protocol, version }) => {
        if (protocol !== PROTOCOL_VERSION) {
          throw new RefusedError(
            `This client runs graphvm ${version}, the master ${VERSION}: install the same version on both.`,
            { client: version, master: VERSION },
          );
        }
        const { seed, epoch } = this.session;
        return { version: VERSION, seed, epoch, role };
      }),
      value: method(
        v.strictObject({ id: nodeIdSchema, piece: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
        (asked) => this.#served(asked),
      ),
      setRecording: method(recordingSchema, ({ on, ...settings }) =>
        this.#logged("setRecording", { on, ...settings }, async () => {
          this.log.setRecording(on, settings as Partial<RecordingSettings>);
          return NOTHING;
        }),
      ),
      clearRecording: method(nothing, () =>
        this.#logged("clearRecording", {}, async () => {
          this.log.clearRecording();
          return NOTHING;
        }),
      ),
      getRecording: method(v.strictObject({ capture: v.exactOptional(captureSchema) }), ({ capture }) =>
        this.#logged(
          "getRecording",
          {},
          async () => {
            const answer = await this.#recording(capture);
            return { answer, logged: { calls: answer.calls, sha256: answer.sha256 } };
          },
          role,
        ),
      ),
      // pieces of an answer, not calls of their own: the journal has no lines for them
      recordingPiece: method(v.strictObject({ file: count, offset: count }), ({ file, offset }) =>
        this.#made.piece(file, offset),
      ),
      placeInput: method(
        v.strictObject({ sha256: sha256Schema, offset: count, bytes: bytesSchema, last: v.boolean() }),
        ({ sha256, offset, bytes, last }) => this.#placed.add(sha256, offset, bytes, last),
      ),
      restart: method(restartSchema, ({ seed, epoch, roots, inputs }) =>
        this.#logged("restart", { seed, epoch }, async () => {
          await this.#restart(seed, epoch, roots, inputs);
          return NOTHING;
        }),
      ),
      endCluster: method(nothing, async () => {
        await this.#logged("endCluster", {}, async () => NOTHING);
        setImmediate(this.#end);
      }),
    };
  }

  /** A piece of a value that a client asked for with `getData`: that call has its line, its pieces have none. */
  #served({ id, piece }: { id: string; piece: number }): Attached {
    const { bytes, ...rest } = this.session.served.piece(id, piece);
    return new Attached(rest, bytes);
  }

  async #restart(
    seed: number,
    epoch: number,
    roots: readonly string[],
    inputs: { [uri: string]: string },
  ): Promise<void> {
    if (this.session.programs.length > 0 || this.session.runner.progress().total > 0) {
      throw new SessionStateError(
        "A replay needs a fresh session: this one has programs or jobs. Start another master.",
        {},
      );
    }
    this.session.inputs.relocate(roots, new Map(Object.entries(inputs)));
    await this.session.restart(seed, epoch);
    this.log.restart();
  }

  /** The graph as it is now goes into the recording, so that it can be drawn without running its code. */
  async #logGraph(): Promise<void> {
    if (this.log.recorded.at(-1)?.method === "graph") return;
    const params = { fold: DRAWN_NODES };
    const { answer, logged } = await SESSION_CALLS.graph!.run(params, this.session, this.log);
    if ((answer as { picture: GraphPicture }).picture.nodes.length === 0) return;
    await this.log.add("graph", params, { result: logged }, "recording");
  }

  async #recording(
    capture: readonly string[] = this.log.settings.capture,
  ): Promise<{ file: number; size: number; sha256: string; calls: number }> {
    if (this.log.recorded.length === 0) {
      throw new SessionStateError("Nothing is recorded: call setRecording(true) before the pipeline.", {});
    }
    if (capture.includes("outputs") && !this.log.settings.capture.includes("outputs")) {
      throw new SessionStateError(
        'Outputs are captured when they are waited for: call setRecording(true, { capture: ["outputs"] }) first.',
        {},
      );
    }
    await this.#logGraph();
    const inputs = capture.includes("inputs");
    const { pieces, calls } = await makeRecording(this.session, this.log, this.#now(), this.#roots, inputs);
    return { ...(await this.#made.keep(pieces)), calls };
  }

  #answer(name: string, call: Call, params: unknown, role: ClientRole): Promise<unknown> {
    const run = async (): Promise<unknown> => {
      if (call.exclusive && name !== "cancel") this.#draining.refuse();
      const logged = await call.log(params, this.log);
      return this.#log(name, logged, () => call.run(params, this.session, this.log), role);
    };
    return call.exclusive ? this.#inOrder(run) : run();
  }

  #logged(name: string, params: Json, run: () => Promise<Answer>, role: ClientRole = "operator"): Promise<unknown> {
    return this.#inOrder(() => this.#log(name, params, run, role));
  }

  /** A call is answered once its line is written, whether it failed or not. */
  async #log(name: string, params: Json, run: () => Promise<Answer>, role: ClientRole): Promise<unknown> {
    return this.#logSettled(name, params, await settle(run()), role);
  }

  async #logSettled(
    name: string,
    params: Json,
    settled: PromiseSettledResult<Answer>,
    role: ClientRole,
  ): Promise<unknown> {
    const keep = role === "auditor" ? "journal" : undefined;
    if (settled.status === "rejected") {
      this.session.watch.tell({ kind: "callFailed", call: name, error: settled.reason as Error });
      await this.#write(name, params, { error: settled.reason }, keep);
      throw settled.reason;
    }
    await this.#write(name, params, { result: settled.value.logged }, keep);
    return settled.value.answer;
  }

  async #write(...line: Parameters<SessionLog["add"]>): Promise<void> {
    try {
      await this.log.add(...line);
    } catch (error) {
      this.session.watch.tell({ kind: "journalFailed", error: error as Error });
      throw error;
    }
  }

  #inOrder<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(run);
    this.#queue = result.catch(() => {});
    return result;
  }
}

/** The answer of a call that gives nothing. */
const NOTHING: Answer = { answer: null, logged: null };

/** What came of a call, for its line. */
async function settle(call: Promise<Answer>): Promise<PromiseSettledResult<Answer>> {
  return (await Promise.allSettled([call]))[0];
}
