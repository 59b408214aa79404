import { createRandom, currentAtom, type Random } from "@graphvm/engine";

/** The running node's generator: the same numbers wherever and whenever the node runs. */
export function ownRandom(): Random {
  return currentAtom()?.random ?? createRandom(0);
}
