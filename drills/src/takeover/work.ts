import { apply, namespace, type Op, rule } from "graphvm";

function draw(block: number): number[] {
  return Array.from({ length: 1000 }, () => block + Math.random());
}

/** What the takeover drill has its workers compute: a block before each kill. */
export const work = namespace("work", {
  block: rule((block: number): Op<number[]> => apply(draw, block)()),
});
