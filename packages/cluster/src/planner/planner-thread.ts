import { describeRef, idToHex, nodeWords } from "@graphvm/engine/internal";
import * as v from "valibot";
import { SessionStateError } from "../errors.js";
import { ProgramSet } from "../program/program-set.js";
import { programSchema, readRefsSchema } from "../protocol.js";
import { method, Peer } from "../rpc/peer.js";
import type { Transport } from "../transport/transport.js";
import { NowExpanding } from "./now-expanding.js";
import { drawGraph, type GraphPicture } from "./picture.js";
import { type Plan, PlannerGraph } from "./planner-graph.js";

const planSchema = v.object({
  refs: readRefsSchema,
  cut: v.union([v.literal("auto"), v.array(v.string())]),
  noCopy: v.array(v.string()),
});

/** The thread in which a master expands its user's rules. User code never runs on the master's own thread. */
export function run(transport: Transport): void {
  let programs = new ProgramSet();
  let graph = new PlannerGraph(0);
  let expanding = new NowExpanding(NowExpanding.memory());

  new Peer(
    transport,
    {
      clear: method(v.object({}), () => {
        programs = new ProgramSet();
      }),
      /** Says in that memory which rule it expands. */
      watch: method(v.object({ memory: v.instance(SharedArrayBuffer) }), ({ memory }) => {
        expanding = new NowExpanding(memory);
      }),
      reset: method(v.object({ maxNodes: v.number() }), ({ maxNodes }) => {
        graph = new PlannerGraph(maxNodes, expanding);
      }),
      load: method(programSchema, async (program) => {
        const { module, redefined } = await programs.evaluated(program);
        return { exports: Object.keys(module), namespaces: programs.scope.namespaceNames(), redefined };
      }),
      plan: method(planSchema, async ({ refs, cut, noCopy }): Promise<Plan> => {
        const roots = await programs.read(refs);
        checkNames([...(cut === "auto" ? [] : cut), ...noCopy], programs);
        return graph.plan(roots, cut === "auto" ? cut : new Set(cut), new Set(noCopy));
      }),
      /** The node a ref names and the job that computes it. */
      locate: method(v.object({ refs: readRefsSchema }), async ({ refs }) => {
        const roots = await programs.read(refs);
        if (roots.length !== 1) throw new SessionStateError("Ask for the value of one node at a time.", {});
        const words = nodeWords(roots[0]!);
        const { table } = graph.structure;
        const job = graph.jobOf.get(table.find(words));
        return {
          id: idToHex(words),
          job: job === undefined ? null : table.idHex(job),
          bound: graph.constraints.plane(table.find(words)) ?? null,
          label: describeRef(roots[0]!, 60),
        };
      }),
      node: method(v.object({ name: v.string() }), ({ name }) => graph.node(name) ?? null),
      picture: method(v.object({ fold: v.number() }), ({ fold }): GraphPicture => drawGraph(graph, fold)),
    },
    "master",
  );
}

/** A cut that names a rule nobody declared is a typing mistake. */
function checkNames(names: readonly string[], programs: ProgramSet): void {
  for (const name of names) {
    const [ns, rule, ...more] = name.split(".");
    if (ns === undefined || rule === undefined || more.length > 0) {
      throw new SessionStateError(`"${name}" names no rule: write it as "namespace.rule".`, { rule: name });
    }
    programs.scope.rule(ns, rule);
  }
}
