import { BudgetError } from "@graphvm/engine";

/** The least a thread needs to work with. */
const LEAST = 8 * 1024 * 1024;

/** How a process's memory for values is shared out: half to its store of encoded values, half to its threads. */
export interface MemoryBudget {
  readonly store: number;
  readonly thread: number;
}

/** @throws BudgetError */
export function memoryBudget(memory: number | undefined, threads: number): MemoryBudget | undefined {
  if (memory === undefined) return undefined;
  const thread = Math.floor(memory / 2 / Math.max(1, threads));
  if (!(thread >= LEAST)) {
    const least = LEAST * 2 * Math.max(1, threads);
    throw new BudgetError(`${memory} bytes of memory are too few for values: give ${least} at least.`, {
      bytes: memory,
    });
  }
  return { store: Math.floor(memory / 2), thread };
}
