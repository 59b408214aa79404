import { given } from "@graphvm/engine/internal";
import * as v from "valibot";
import { RefusedError, SessionStateError } from "../errors.js";
import type { SessionFolder } from "../folder/session-folder.js";
import type { GraphPicture } from "../planner/picture.js";
import { bytesSchema, nodeIdSchema, PROTOCOL_VERSION, sha256Schema, VERSION } from "../protocol.js";
import { type Json, RecordingError } from "../recording/index.js";
import { Attached, type CallKey, type Method, type Methods, method, Peer } from "../rpc/peer.js";
import type { Clock } from "../transport/clock.js";
import type { Transport } from "../transport/transport.js";
import type { MasterEvent } from "../watch/events.js";
import type { Archive, Archived } from "./archive.js";
import type { Answer, Call } from "./call.js";
import { type CalcParams, calcSchema, dispatchWanted, SESSION_CALLS, statusOf } from "./calls.js";
import { Draining } from "./draining.js";
import { IdleEnd } from "./idle-end.js";
import type { JournalMarks } from "./journal-marks.js";
import { MadeRecordings } from "./made-recordings.js";
import { type ClientRole, methodsFor } from "./method-roles.js";
import { OnceCalls } from "./once.js";
import { PlacedFiles } from "./placed-files.js";
import { ProgressNews } from "./progress-news.js";
import { makeRecording } from "./recorder.js";
import type { MasterSession } from "./session.js";
import { EXPORT, type LoggedCall, type RecordingSettings, type SessionLog } from "./session-log.js";

/** Above so many nodes a recording keeps its graph folded by rule. */
const DRAWN_NODES = 1000;

/** Calls that are answered where the journal can't be written: what there is can still be looked at and saved. */
const READS: ReadonlySet<string> = new Set(["status", "graph", "graphStats", "jobDeps", "getData", "getRecording"]);

/** Calls that tell of values or give them. */
const GIVES: ReadonlySet<string> = new Set(["wait", "getData", "nodeValue"]);

/** Who calls: a role, and the name by which a client is known over all its links. */
interface Caller {
  readonly role: ClientRole;
  readonly peer: () => Peer;
  client?: string;
}

const nothing = v.strictObject({});
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const captureSchema = v.array(v.picklist(["inputs", "outputs"]));
const short = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const helloSchema = v.object({
  protocol: v.number(),
  version: v.string(),
  client: v.exactOptional(v.pipe(v.string(), v.maxLength(100))),
});
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
  strict: v.exactOptional(v.boolean()),
  roots: v.array(v.string()),
  inputs: v.record(v.string(), v.string()),
  bound: v.exactOptional(v.array(v.object({ uri: v.string(), plane: v.string(), sha256: sha256Schema }))),
});

/** Answers clients: validates, puts changing calls in order, logs every call before it acknowledges it. */
export class Master {
  readonly session: MasterSession;
  readonly log: SessionLog;
  /** Calls that their clients may send twice. */
  readonly once = new OnceCalls();
  readonly #folder: SessionFolder;
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
    folder: SessionFolder,
    now: () => number,
    end: () => void,
    idle?: { readonly seconds: number; readonly clock: Clock },
  ) {
    this.session = session;
    this.log = log;
    this.#folder = folder;
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
      // while a session is made what it was, its own lines say what left
      if (!session.runner.busy && session.runner.outcomes) void this.#inOrder(() => this.#logExports()).catch(() => {}); // who asks next is told
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
    const caller: Caller = { role, peer: () => peer };
    const open = role === "operator" ? openCalls : Math.max(1, Math.floor(openCalls / 100));
    const peer: Peer = new Peer(link, methodsFor(role, this.#methods(caller)), "client", open);
    this.#clients.add(peer);
    peer.on("follow", (on) => (on === true ? this.#followers.add(peer) : this.#followers.delete(peer)));
    this.#countClients({ kind: "clientJoined" });
    peer.onClose((reason) => {
      this.#clients.delete(peer);
      this.#followers.delete(peer);
      this.#draining.left(peer);
      this.#countClients({ kind: "clientLeft", reason: reason?.message });
      if (!reason && caller.client !== undefined) this.once.forget(caller.client);
    });
  }

  /** The master is up: its idle time begins. */
  started(): void {
    this.#idle?.begin();
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
    if (this.log.failure) why.unshift("its journal can't be written");
    return why;
  }

  /** Takes no new work; settles when what runs has ended. */
  async drain(clock: Clock): Promise<void> {
    this.session.watch.tell({ kind: "ending", why: "it was told to: jobs that run may finish" });
    await this.#draining.drain(this.session.runner, clock);
  }

  /**
   * Takes no new work, and archives the recording of all that was called. Nothing where there was no call.
   *
   * @throws ArchiveFailedError
   */
  async archive(archive: Archive): Promise<Archived | undefined> {
    this.#draining.begin();
    return this.#inOrder(async () => {
      if (this.log.archived!.calls.length === 0) return undefined;
      await this.#logExports().catch(() => {}); // what is there is archived, whatever the disk says
      await this.#logGraph(this.log.archived!.calls).catch(() => {}); // a recording without a picture is one too
      const now = this.#now();
      const { roots } = this.#folder.record;
      const make = (inputs: boolean) => makeRecording(this.session, this.log, this.log.archived!, now, roots, inputs);
      return archive.put(make, now, this.log.directory);
    });
  }

  close(): void {
    this.#idle?.close();
    this.#news.close();
    for (const client of this.#clients) client.close();
    this.#made.close();
    this.#placed.close();
  }

  #methods(caller: Caller): Methods {
    const methods: { [name: string]: Method } = {};
    for (const [name, call] of Object.entries(SESSION_CALLS)) {
      methods[name] = method(call.params, (params, key) =>
        this.#once(caller, key, (marks) => this.#answer(name, call, params, marks)),
      );
    }
    const { wait } = methods;
    methods.wait = { ...wait!, run: (params) => this.#draining.waiting(caller.peer(), async () => wait!.run(params)) };
    methods.calc = method(calcSchema, (params) => this.#calc(params, caller.peer()));
    return { ...methods, ...this.#ownMethods(caller) };
  }

  /** What a client would ask for in four calls, in one: the journal has the lines of the four. */
  async #calc(params: CalcParams, peer: Peer): Promise<unknown> {
    const { refs, cut, noCopy } = params;
    const { jobDeps, wait, getData } = SESSION_CALLS;
    await this.#inOrder(async () => {
      this.#draining.refuse();
      this.log.check();
      // the job is on its way while its lines are written; the client hears of nothing before they are
      const planned = await settle(jobDeps!.run({ refs, cut, noCopy }, this.session, this.log));
      const dispatched =
        planned.status === "fulfilled" ? await settle(dispatchWanted(params, this.session)) : undefined;
      await this.#logSettled("jobDeps", { refs, cut, noCopy } as unknown as Json, planned, {});
      if (dispatched) await this.#logSettled("dispatchJobs", params as unknown as Json, dispatched, {});
    });
    await this.#draining.waiting(peer, () => this.#answer("wait", wait!, { brief: true }, {}));
    return this.#answer("getData", getData!, { refs }, {});
  }

  /** What concerns the session as a whole. */
  #ownMethods(caller: Caller): Methods {
    const own = <S extends v.GenericSchema>(
      name: string,
      schema: S,
      run: (params: v.InferOutput<S>) => Promise<Answer>,
      log: (params: v.InferOutput<S>) => Json = (params) => params as Json,
    ): Methods => ({
      [name]: method(schema, (params, key) =>
        this.#once(caller, key, (marks) => this.#logged(name, log(params), () => run(params), marks)),
      ),
    });
    return {
      hello: method(helloSchema, ({ protocol, version, client }) => {
        if (protocol !== PROTOCOL_VERSION) {
          throw new RefusedError(
            `This client runs graphvm ${version}, the master ${VERSION}: install the same version on both.`,
            { client: version, master: VERSION },
          );
        }
        if (client !== undefined) caller.client = client;
        const { id, seed, epoch } = this.session;
        return { version: VERSION, session: id, seed, epoch, role: caller.role };
      }),
      // whoever looks again and again must fill neither journal nor recording
      look: method(nothing, () => statusOf(this.session, this.log)),
      value: method(
        v.strictObject({ id: nodeIdSchema, piece: v.pipe(v.number(), v.integer(), v.minValue(0)) }),
        (asked) => this.#served(asked),
      ),
      ...own("setRecording", recordingSchema, async ({ on, ...settings }) => {
        this.log.setRecording(on, settings as Partial<RecordingSettings>);
        return NOTHING;
      }),
      ...own("clearRecording", nothing, async () => {
        this.log.clearRecording();
        return NOTHING;
      }),
      ...own(
        "getRecording",
        v.strictObject({ capture: v.exactOptional(captureSchema) }),
        async ({ capture }) => {
          const answer = await this.#recording(capture);
          return { answer, logged: { calls: answer.calls, sha256: answer.sha256 } };
        },
        () => ({}),
      ),
      // pieces of an answer, not calls of their own: the journal has no lines for them
      recordingPiece: method(v.strictObject({ file: count, offset: count }), ({ file, offset }) =>
        this.#made.piece(file, offset),
      ),
      placeInput: method(
        v.strictObject({ sha256: sha256Schema, offset: count, bytes: bytesSchema, last: v.boolean() }),
        ({ sha256, offset, bytes, last }) => this.#placed.add(sha256, offset, bytes, last),
      ),
      ...own(
        "restart",
        restartSchema,
        async ({ seed, epoch, strict = false, roots, inputs, bound = [] }) => {
          await this.#restart(seed, epoch, strict, roots, inputs);
          this.session.runner.boundInputs.expect(bound);
          return NOTHING;
        },
        ({ seed, epoch, strict }) => ({ seed, epoch, ...given({ strict }) }),
      ),
      endCluster: method(nothing, async () => {
        // nothing stands behind this line: it ends a replay, and a journal that can be gone on with
        if (this.log.archived) await this.#inOrder(() => this.#logGraph(this.log.archived!.calls)).catch(() => {});
        await this.#logged("endCluster", {}, async () => NOTHING, {});
        this.session.watch.tell({ kind: "ending", why: "a client ended it" });
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
    strict: boolean,
    roots: readonly string[],
    inputs: { [uri: string]: string },
  ): Promise<void> {
    if (this.session.programs.length > 0 || this.session.runner.progress().total > 0) {
      throw new SessionStateError(
        "A replay needs a fresh session: this one has programs or jobs. Start another master.",
        {},
      );
    }
    this.#folder.write({ roots: [...roots], inputs });
    this.session.inputs.relocate(roots, new Map(Object.entries(inputs)));
    await this.session.restart(seed, epoch, strict);
    this.log.restart();
  }

  /** The graph as it is now goes into the recording, so that it can be drawn without running its code. */
  async #logGraph(recorded: readonly LoggedCall[]): Promise<void> {
    const last = recorded.at(-1)?.method;
    if (last === "graph" || last === "endCluster") return;
    const params = { fold: DRAWN_NODES };
    const { answer, logged } = await SESSION_CALLS.graph!.run(params, this.session, this.log);
    if ((answer as { picture: GraphPicture }).picture.nodes.length === 0) return;
    await unlessFull(this.log.add("graph", params, { result: logged }, { $kept: true }));
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
    await this.#logExports();
    await this.#logGraph(this.log.recorded);
    const { roots } = this.#folder.record;
    const inputs = capture.includes("inputs");
    const recorded = { calls: this.log.recorded, settings: this.log.settings };
    const { pieces, calls } = await makeRecording(this.session, this.log, recorded, this.#now(), roots, inputs);
    return { ...(await this.#made.keep(pieces)), calls };
  }

  /** A call that its client has a name for happens once. What an auditor reads is no part of a recording. */
  #once(
    { role, client }: Caller,
    key: CallKey | undefined,
    work: (marks: JournalMarks) => Promise<unknown>,
  ): Promise<unknown> {
    const marks = role === "auditor" ? { $kept: false, $auditor: true } : {};
    if (client === undefined || key === undefined) return work(marks);
    return this.once.run(client, key, () => work({ ...marks, $call: [client, ...key] }));
  }

  #answer(name: string, call: Call, params: unknown, marks: JournalMarks): Promise<unknown> {
    const run = async (): Promise<unknown> => {
      if (call.exclusive && name !== "cancel") this.#draining.refuse();
      if (!READS.has(name)) this.log.check();
      const logged = await call.log(params, this.log);
      return this.#log(name, logged, () => call.run(params, this.session, this.log), marks, call.exclusive);
    };
    return call.exclusive ? this.#inOrder(run) : run();
  }

  #logged(name: string, params: Json, run: () => Promise<Answer>, marks: JournalMarks): Promise<unknown> {
    return this.#inOrder(async () => {
      if (!READS.has(name)) this.log.check();
      return this.#log(name, params, run, marks, true);
    });
  }

  /** A call is answered once its line is written, whether it failed or not. */
  async #log(
    name: string,
    params: Json,
    run: () => Promise<Answer>,
    marks: JournalMarks,
    alone: boolean,
  ): Promise<unknown> {
    const before = this.session.graph;
    const settled = await settle(run());
    const { graph } = this.session;
    return this.#logSettled(name, params, settled, alone && graph !== before ? { ...marks, $graph: graph } : marks);
  }

  async #logSettled(
    name: string,
    params: Json,
    settled: PromiseSettledResult<Answer>,
    marks: JournalMarks,
  ): Promise<unknown> {
    // nothing is given out before it is written that it may leave; these are never called in order
    if (GIVES.has(name) && this.session.runner.exports.waiting) await this.#inOrder(() => this.#logExports());
    const kept = settled.status === "fulfilled" ? settled.value.kept : undefined;
    const write = (outcome: { readonly result: Json } | { readonly error: unknown }): Promise<void> => {
      const added = this.log.add(name, params, outcome, marks, kept).catch((error: Error) => {
        this.session.watch.tell({ kind: "journalFailed", error });
        throw error;
      });
      return READS.has(name) ? unlessFull(added) : added;
    };
    if (settled.status === "rejected") {
      this.session.watch.tell({ kind: "callFailed", call: name, error: settled.reason as Error });
      await write({ error: settled.reason });
      throw settled.reason;
    }
    await write({ result: settled.value.logged });
    return settled.value.answer;
  }

  /** Writes down what left planes, in the order of jobs. @throws JournalWriteError */
  async #logExports(): Promise<void> {
    const { exports } = this.session.runner;
    for (const value of exports.unwritten()) {
      const { id, rule, plane, bytes, digest } = value;
      await this.log.add(EXPORT, { id, rule, plane }, { result: { bytes, digest } });
      exports.written(value);
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

/** A line that could not be written is missed by nobody who only looks. */
async function unlessFull(added: Promise<void>): Promise<void> {
  try {
    await added;
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
  }
}
