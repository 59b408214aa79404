import { hexToId } from "@graphvm/engine/internal";
import * as v from "valibot";
import { SessionStateError } from "../errors.js";
import { ProgramSet } from "../program/program-set.js";
import { nodeIdSchema, programSchema, refsSchema } from "../protocol.js";
import { method, Peer } from "../rpc/peer.js";
import type { Transport } from "../transport/transport.js";
import { drawGraph, type GraphPicture } from "./picture.js";
import { type Plan, PlannerGraph } from "./planner-graph.js";

const planSchema = v.object({ refs: refsSchema, cut: v.array(v.string()), noCopy: v.array(v.string()) });

/** The thread in which a master expands its user's rules. User code never runs on the master's own thread. */
export function run(transport: Transport): void {
  let programs = new ProgramSet();
  let graph = new PlannerGraph(0);

  new Peer(
    transport,
    {
      clear: method(v.object({}), () => {
        programs = new ProgramSet();
      }),
      reset: method(v.object({ maxNodes: v.number() }), ({ maxNodes }) => {
        graph = new PlannerGraph(maxNodes);
      }),
      load: method(programSchema, async (program) => {
        const module = await programs.load(program);
        return { exports: Object.keys(module), namespaces: programs.scope.namespaceNames() };
      }),
      plan: method(planSchema, async ({ refs, cut, noCopy }): Promise<Plan> => {
        const roots = await programs.read(refs);
        checkNames([...cut, ...noCopy], programs);
        return graph.plan(roots, new Set(cut), new Set(noCopy));
      }),
      /** The node a ref names and the job that computes it. */
      locate: method(v.object({ refs: refsSchema }), async ({ refs }) => {
        const [ref] = await programs.read(refs);
        const node = graph.structure.intern(ref!);
        const job = graph.jobOf.get(node);
        return {
          id: graph.structure.table.idHex(node),
          job: job === undefined ? null : graph.structure.table.idHex(job),
        };
      }),
      locateId: method(v.object({ id: nodeIdSchema }), ({ id }) => {
        const node = graph.structure.table.find(hexToId(id));
        const job = graph.jobOf.get(node);
        return { id, job: job === undefined ? null : graph.structure.table.idHex(job) };
      }),
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
