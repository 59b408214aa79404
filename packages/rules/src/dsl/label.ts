import { Ref } from "@graphvm/engine";

/**
 * The same ref under a name for people. It is the same node: a label has no part in identity, and shows in `explain` and
 * in pictures of a local graph.
 *
 * @example const first = label(ds.csvBlock(source, block, schema), "January");
 */
export function label<T>(ref: Ref<T>, text: string): Ref<T> {
  return new Ref<T>(ref.rule, ref.params, text);
}
