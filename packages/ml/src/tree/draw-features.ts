import type { Random } from "@graphvm/engine";

/**
 * Looks at features in an order drawn without replacement until `wanted` were looked at and one of them was not constant.
 * Where all are wanted there is nothing to draw, and they come in their own order.
 *
 * @param order all features; what is drawn changes their order
 * @param look whether the feature varies
 */
export function drawFeatures(
  order: Int32Array,
  wanted: number,
  random: Random,
  look: (feature: number) => boolean,
): void {
  if (wanted >= order.length) {
    for (let feature = 0; feature < order.length; feature++) look(feature);
    return;
  }
  let varied = false;
  let looked = 0;
  for (let left = order.length; left > 0 && (looked < wanted || !varied); left--, looked++) {
    const pick = random.below(left);
    const feature = order[pick]!;
    order[pick] = order[left - 1]!;
    order[left - 1] = feature;
    if (look(feature)) varied = true;
  }
}
