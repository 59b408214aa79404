import { randomBytes } from "node:crypto";
import { given, isLabel } from "@graphvm/engine/internal";
import * as v from "valibot";
import { Bucket } from "../transport/bucket.js";
import { type Clock, systemClock } from "../transport/clock.js";
import type { Refusal } from "../transport/guard.js";
import type { Heartbeat } from "../transport/heartbeat.js";
import { allLimits, type Limits } from "../transport/limits.js";
import type { Refused, Route, Routes } from "../transport/listen.js";
import { Keyring, type Role, type RoleTokens } from "../transport/roles.js";
import type { Fabric } from "./fabric.js";
import { type FabricLink, natsLink } from "./link.js";

/** How a process lets others in. */
export interface DoorOptions {
  readonly tokens?: RoleTokens | undefined;
  readonly limits?: Limits | undefined;
  readonly heartbeat?: Heartbeat | undefined;
  readonly clock?: Clock | undefined;
  readonly refused?: ((refused: Refused) => void) | undefined;
  /** Told where a queue takes no jobs. */
  readonly trouble?: ((error: Error) => void) | undefined;
}

/** A process's doors on a fabric. */
export interface Doors {
  /** Ends all links as a crash would: the other sides dial again. */
  drop(reason: Error): void;
  /** Lets nobody in any more; links end in order by whoever has them. */
  close(): void;
}

/** Nonces that were given and not used, at most. */
const NONCES = 10_000;

const label = v.pipe(v.string(), v.check(isLabel, "is no label's value"));

const questionSchema = v.union([
  v.strictObject({ ask: v.literal("nonce") }),
  v.strictObject({
    link: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    path: v.pipe(v.string(), v.maxLength(100)),
    nonce: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
    queue: v.exactOptional(v.strictObject({ plane: v.exactOptional(label), tier: v.exactOptional(label) })),
    proof: v.exactOptional(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))),
  }),
]);
type Question = v.InferOutput<typeof questionSchema>;

/** Opens the doors of a process: the hub's, and its plane's where it is in one. Refuses before a link exists. */
export function openDoors(fabric: Fabric, options: DoorOptions, routes: Routes): Doors {
  const { connection, names, endpoint, plane } = fabric;
  const doorway = new Doorway(fabric, options, routes);
  const open = (scope: string | undefined): (() => void) =>
    connection.subscribe(names.door(endpoint, scope), (bytes, _nobody, reply) => {
      if (reply === undefined) return;
      const answer = doorway.answer(bytes, scope);
      connection.publish(reply, Buffer.from(JSON.stringify(answer)));
    });
  const doors = [open(undefined), ...(plane === undefined ? [] : [open(plane)])];
  return {
    drop: (reason) => {
      for (const close of doors) close();
      doorway.drop(reason);
    },
    close: () => {
      for (const close of doors) close();
    },
  };
}

/** A link that is open, and how it was asked for. */
interface OpenLink {
  readonly link: FabricLink;
  readonly path: string;
  readonly plane: string | undefined;
}

class Doorway {
  readonly #fabric: Fabric;
  readonly #options: DoorOptions;
  readonly #routes: Routes;
  readonly #keys: Keyring;
  readonly #limits: Required<Limits>;
  readonly #clock: Clock;
  readonly #wrong: Bucket;
  readonly #nonces = new Set<string>();
  readonly #links = new Map<string, OpenLink>();

  constructor(fabric: Fabric, options: DoorOptions, routes: Routes) {
    this.#fabric = fabric;
    this.#options = options;
    this.#routes = routes;
    this.#keys = new Keyring(options.tokens ?? {});
    this.#limits = allLimits(options.limits);
    this.#clock = options.clock ?? systemClock;
    const perMinute = this.#limits.wrongTokensPerMinute;
    this.#wrong = new Bucket(perMinute, perMinute / 60, this.#clock.now());
  }

  answer(bytes: Uint8Array, plane: string | undefined): object {
    const question = parse(bytes);
    if (!question) return { refused: "path" };
    if ("ask" in question) return this.#nonce();
    // whose answer was lost asks again
    const open = this.#links.get(question.link);
    if (open?.path === question.path && open.plane === plane) return { open: true };
    const entry = this.#judge(question);
    if (typeof entry === "string") {
      this.#options.refused?.({ address: "fabric", path: question.path, reason: entry });
      return { refused: entry };
    }
    this.#accept(question, entry, plane);
    return { open: true };
  }

  drop(reason: Error): void {
    for (const { link } of this.#links.values()) link.drop(reason);
  }

  #nonce(): object {
    // whoever asks for many makes the oldest useless
    if (this.#nonces.size >= NONCES)
      for (const oldest of this.#nonces) {
        this.#nonces.delete(oldest);
        break;
      }
    const nonce = randomBytes(16).toString("hex");
    this.#nonces.add(nonce);
    return { nonce };
  }

  #judge(question: Exclude<Question, { ask: string }>): Refusal | { route: Route; role: Role } {
    const { link, path, nonce, proof } = question;
    const route = Object.hasOwn(this.#routes, path) ? this.#routes[path] : undefined;
    if (!route) return "path";
    if (this.#links.size >= this.#limits.connections || this.#links.has(link)) return "busy";
    if (this.#wrong.empty(this.#clock.now())) return "tokens";
    const known = nonce !== undefined && this.#nonces.delete(nonce);
    const roles = this.#keys.open
      ? this.#keys.proved("", "")
      : known
        ? this.#keys.proved(nonce, proof ?? "")
        : new Set<Role>();
    if (roles.size === 0) {
      this.#wrong.take(this.#clock.now());
      return "token";
    }
    const role = route.roles.find((each) => roles.has(each));
    return role === undefined ? "role" : { route, role };
  }

  #accept(
    { link: id, path, queue: place }: Exclude<Question, { ask: string }>,
    { route, role }: { readonly route: Route; readonly role: Role },
    plane: string | undefined,
  ): void {
    const { connection, names } = this.#fabric;
    const { trouble } = this.#options;
    const queue = route.queue &&
      place && {
        end: "master" as const,
        stream: names.jobStream,
        subject: names.jobs(id, place),
        ...given({ trouble }),
      };
    const large = route.large && role !== "auditor";
    const link = natsLink({
      connection,
      own: names.link(id, "a", plane),
      other: names.link(id, "d", plane),
      limit: large ? this.#limits.messageBytes : this.#limits.requestBytes,
      heartbeat: this.#options.heartbeat,
      patience: route.patience,
      queue: queue || undefined,
    });
    this.#links.set(id, { link, path, plane });
    link.onClose(() => this.#links.delete(id));
    route.accept(link, role, { plane });
  }
}

function parse(bytes: Uint8Array): Question | undefined {
  if (bytes.length > 1000) return undefined;
  try {
    const parsed = v.safeParse(questionSchema, JSON.parse(Buffer.from(bytes).toString()));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}
