import { connect, type Session } from "@graphvm/cluster";
import type { Ref } from "@graphvm/engine";
import type { Random } from "../random.js";
import type { Target } from "./target.js";

const PROGRAM = `
import { apply, namespace, rule } from "@graphvm/rules";
const leaf = rule((n) => apply((n) => (typeof n === "number" ? n * 2 : 0), n)());
export const fz = namespace("fz", {
  leaf,
  sum: rule((n) => apply((a, b) => a + b)(fz.leaf(n), fz.leaf(n + 1))),
});
`;

interface Rules {
  readonly fz: { readonly leaf: (n: number) => Ref<number>; readonly sum: (n: number) => Ref<number> };
}

/** A client as it should be: whatever strangers do, it gets right results. */
export class GoodClient {
  readonly #session: Session;
  readonly #rules: Rules;

  private constructor(session: Session, rules: Rules) {
    this.#session = session;
    this.#rules = rules;
  }

  static async open({ url, tokens }: Target): Promise<GoodClient> {
    const session = await connect(url, tokens.operator === undefined ? {} : { token: tokens.operator });
    return new GoodClient(session, await session.remoteEval<Rules>(PROGRAM));
  }

  /** Computes something afresh. @throws where the result is not the right one, or a worker is missing. */
  async check(random: Random): Promise<void> {
    const session = this.#session;
    // what strangers with the right token dispatched is theirs
    await session.cancel({ force: true });
    await session.initGraph();
    const n = random.below(1000);
    const found = await session.calc(this.#rules.fz.sum(n), { cut: ["fz.leaf"] });
    if (found !== 4 * n + 2) throw new Error(`fz.sum(${n}) gave ${found}`);
    const { workers } = await session.status();
    if (workers.length < 2) throw new Error(`only ${workers.length} of 2 workers are left`);
  }

  async close(): Promise<void> {
    await this.#session.close();
  }
}
