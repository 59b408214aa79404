import { fromWireError, toWireError, type WireError } from "@graphvm/engine";
import * as v from "valibot";
import { BadAnswerError, BadMessageError, BusyError, ConnectionLostError } from "../errors.js";
import type { Message, Transport } from "../transport/transport.js";
import { TRACEPARENT, traceparent, within } from "../watch/trace.js";

/** Answers one method: its params are validated before `run` sees them. */
export interface Method<P = unknown> {
  readonly params: v.GenericSchema<unknown, P>;
  /** Throws where this peer may not make this call, before its params are looked at. */
  gate?(params: unknown): void;
  /** `key`: the other side's name for the call, where it may send it twice. */
  run(params: P, key?: CallKey): unknown;
}

/** A caller's name for a call: its place among the caller's calls, and below which number all are answered. */
export type CallKey = readonly [number: number, answered: number];

export type Methods = { readonly [name: string]: Method };

/** Makes a method; its params' type is the schema's. */
export function method<S extends v.GenericSchema>(
  params: S,
  run: (params: v.InferOutput<S>, key?: CallKey) => unknown,
): Method {
  return { params, run } as Method;
}

/** An error as a peer sends it: whatever else it says is not an error of ours. */
const wireError = (depth: number): v.GenericSchema<unknown, WireError> =>
  v.object({
    code: v.string(),
    name: v.string(),
    message: v.string(),
    fields: v.record(v.string(), v.unknown()),
    stack: v.exactOptional(v.string()),
    // toWireError stops at this depth too
    cause: v.exactOptional(depth === 0 ? v.never() : v.lazy(() => wireError(depth - 1))),
  }) as never;

const error = wireError(10);

/** A call of the other side. */
interface Asked {
  readonly call: number;
  readonly method: string;
  readonly params: unknown;
  readonly key?: CallKey;
  /** What the call is a part of, where somebody traces. */
  readonly trace?: string;
}

type Envelope =
  | Asked
  | { readonly answer: number; readonly result: unknown }
  | { readonly answer: number; readonly error: WireError }
  | { readonly event: string; readonly data: unknown };

const isName = (name: unknown): name is string => typeof name === "string" && name.length <= 64;
const isNumber = (value: unknown): value is number => typeof value === "number" && !Number.isNaN(value);
const isTrace = (trace: unknown): boolean =>
  trace === undefined || (typeof trace === "string" && TRACEPARENT.test(trace));
const isKey = (key: unknown): boolean =>
  key === undefined || (Array.isArray(key) && key.length === 2 && key.every(isNumber));

/** What a message is; undefined where it is none of ours. By hand: it is looked at several times for each job. */
function envelopeOf(message: Message): Envelope | undefined {
  const { call, method, key, trace, answer, event } = message;
  if (call !== undefined) {
    return isNumber(call) && isName(method) && isKey(key) && isTrace(trace) ? (message as unknown as Asked) : undefined;
  }
  if (answer !== undefined) {
    if (!isNumber(answer)) return undefined;
    if (!("error" in message)) return "result" in message ? (message as Envelope) : undefined;
    const parsed = v.safeParse(error, message.error);
    return parsed.success ? { answer, error: parsed.output } : undefined;
  }
  return isName(event) ? (message as Envelope) : undefined;
}

interface Pending {
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** An answer whose `bytes` travel raw beside it, not inside: the caller gets one object with both. */
export class Attached {
  readonly value: object;
  readonly bytes: Uint8Array;

  /** @param bytes At most `MAX_ATTACHMENT` of them. */
  constructor(value: object, bytes: Uint8Array) {
    this.value = value;
    this.bytes = bytes;
  }
}

/** Calls, answers and events over a transport: both sides may call the other. */
export class Peer {
  readonly #transport: Transport;
  readonly #methods: Methods;
  readonly #otherSide: string;
  readonly #maxOpen: number;
  readonly #pending = new Map<number, Pending>();
  readonly #events = new Map<string, (data: unknown) => void>();
  #next = 1;
  /** Calls of the other side that are not answered yet. */
  #open = 0;
  #lost: ConnectionLostError | undefined;

  /** @param maxOpen How many calls of the other side may be unanswered at once; more are refused. */
  constructor(transport: Transport, methods: Methods, otherSide: string, maxOpen = Number.POSITIVE_INFINITY) {
    this.#transport = transport;
    this.#otherSide = otherSide;
    this.#maxOpen = maxOpen;
    this.#methods = methods;
    transport.onClose((reason) => {
      this.#lost = new ConnectionLostError(
        `The connection to the ${otherSide} was lost.`,
        {},
        reason ? { cause: reason } : {},
      );
      for (const pending of this.#pending.values()) pending.reject(this.#lost);
      this.#pending.clear();
    });
    transport.onMessage((message, attachment) => this.#receive(message, attachment));
  }

  /**
   * Calls a method of the other side whose answer must be of a form.
   *
   * @throws as `call` does; BadAnswerError where the answer is of another form.
   */
  async ask<S extends v.GenericSchema>(method: string, params: unknown, schema: S): Promise<v.InferOutput<S>> {
    return checkedAnswer(this.#otherSide, method, await this.call(method, params), schema);
  }

  /**
   * Calls a method of the other side.
   *
   * @param key the call's name among ours, where it may be sent twice
   * @throws what the other side threw, as that error; ConnectionLostError (`lost`) where it went away first.
   */
  call<T = unknown>(method: string, params: unknown = {}, key?: CallKey): Promise<T> {
    if (this.#lost) return Promise.reject(this.#lost);
    const call = this.#next++;
    return new Promise<T>((resolve, reject) => {
      const trace = traceparent();
      const more = { ...(key === undefined ? {} : { key }), ...(trace === undefined ? {} : { trace }) };
      this.#transport.send({ call, method, params, ...more });
      this.#pending.set(call, { resolve: resolve as (value: unknown) => void, reject });
    });
  }

  /** Tells the other side something, without an answer. */
  emit(event: string, data: unknown): void {
    this.#transport.send({ event, data });
  }

  on(event: string, listener: (data: unknown) => void): void {
    this.#events.set(event, listener);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#transport.onClose(listener);
  }

  /** What open calls failed with when the link was lost. */
  get lost(): ConnectionLostError | undefined {
    return this.#lost;
  }

  close(): void {
    this.#transport.close();
  }

  #receive(message: Message, attachment: Uint8Array | undefined): void {
    const output = envelopeOf(message);
    if (!output) {
      // an answer can't be given to what has no id; a peer that speaks otherwise has no business here
      this.#transport.close();
      return;
    }
    if ("call" in output) void within(output.trace, () => this.#answer(output));
    else if ("event" in output) this.#events.get(output.event)?.(output.data);
    else {
      const pending = this.#pending.get(output.answer);
      this.#pending.delete(output.answer);
      if ("error" in output) pending?.reject(fromWireError(output.error));
      else pending?.resolve(attachment ? { ...(output.result as object), bytes: attachment } : output.result);
    }
  }

  async #answer({ call: answer, method: name, params, key }: Asked): Promise<void> {
    this.#open++;
    try {
      if (this.#open > this.#maxOpen) {
        throw new BusyError(`This link has ${this.#maxOpen} calls open: wait for answers before you make more.`, {
          calls: this.#maxOpen,
        });
      }
      const result = await this.#run(name, params, key);
      if (result instanceof Attached) this.#transport.send({ answer, result: result.value }, result.bytes);
      else this.#transport.send({ answer, result });
    } catch (error) {
      this.#sendError(answer, toWireError(error));
    } finally {
      this.#open--;
    }
  }

  #sendError(answer: number, error: WireError): void {
    try {
      this.#transport.send({ answer, error });
    } catch {
      // its fields hold something that can't travel
      const { code, name, message } = error;
      this.#transport.send({ answer, error: { code, name, message, fields: {} } });
    }
  }

  async #run(name: string, params: unknown, key: CallKey | undefined): Promise<unknown> {
    const method = Object.hasOwn(this.#methods, name) ? this.#methods[name] : undefined;
    if (!method) throw new BadMessageError(`There is no call ${name}.`, { method: name });
    method.gate?.(params);
    const parsed = v.safeParse(method.params, params);
    if (!parsed.success) {
      const { path, why } = firstIssue(parsed.issues);
      throw new BadMessageError(`The call ${name} has bad params${why}.`, { method: name, path });
    }
    return method.run(parsed.output, key);
  }
}

/** An answer of the form it must have. @throws BadAnswerError where it has another. */
export function checkedAnswer<S extends v.GenericSchema>(
  otherSide: string,
  method: string,
  answer: unknown,
  schema: S,
): v.InferOutput<S> {
  const parsed = v.safeParse(schema, answer);
  if (parsed.success) return parsed.output;
  const { path, why } = firstIssue(parsed.issues);
  throw new BadAnswerError(
    `The ${otherSide} answered ${method} in a form that is not of the protocol${why}: run the same version of graphvm on both sides.`,
    { method, path },
  );
}

/** Where and why a message is not of its form. */
function firstIssue([issue]: readonly [v.BaseIssue<unknown>, ...unknown[]]): { path: string; why: string } {
  const path = issue.path?.map((step) => String(step.key)).join(".") ?? "";
  return { path, why: `${path ? ` at ${path}` : ""}: ${issue.message}` };
}
