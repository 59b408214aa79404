import type { Ref } from "@graphvm/engine";
import type { JobInfo } from "../master/session.js";

/** The jobs a graph was cut into, dependencies first: what `jobDeps` gives and `dispatchJobs` takes. */
export interface Jobs {
  readonly roots: readonly Ref[];
  readonly cut: readonly string[] | "auto";
  readonly list: readonly JobInfo[];
  /** Nodes and edges of the whole graph below the roots. */
  readonly nodes: number;
  readonly edges: number;
}
