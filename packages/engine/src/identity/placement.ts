import { BadLabelError } from "../errors.js";

/**
 * Labels of workers, or the labels that a worker must have: `{ plane: "eu", tier: "large" }`. A plane is one with more
 * meaning: a value that is bound to a plane never leaves it.
 */
export interface Labels {
  readonly [name: string]: string;
}

/** The largest value that a rule lets out of a plane. It narrows what the plane allows, and never widens it. */
export interface ExportLimit {
  /** In bytes of the value's encoding. */
  readonly maxBytes: number;
}

/** Where the nodes of a rule may run, and whether their values may leave the plane of what they were made from. */
export interface Placement {
  /** Labels a worker must have to run the node. No part of the node's id. */
  readonly on?: Labels;
  /** The value is free to leave, whatever it was made from: an aggregate. Up to the plane's limit, or a smaller one. */
  readonly exports?: boolean | ExportLimit;
}

const NAME = /^[A-Za-z][\w.-]{0,63}$/;
const VALUE = /^[\w][\w.:-]{0,63}$/;

/** Whether a text can be a label's value. */
export function isLabel(value: string): boolean {
  return VALUE.test(value);
}

/**
 * A frozen copy of labels, sorted by name.
 *
 * @param where What the labels are of, for the error.
 * @throws BadLabelError
 */
export function checkLabels(labels: unknown, where: string): Labels {
  if (typeof labels !== "object" || labels === null || Array.isArray(labels))
    throw new BadLabelError(`The labels of ${where} are no object: write them as { plane: "eu" }.`, { where });
  const copy: { [name: string]: string } = {};
  for (const [name, value] of Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!NAME.test(name) || typeof value !== "string" || !isLabel(value)) {
      throw new BadLabelError(
        `The label ${name}=${String(value)} of ${where} is none: a name and a value are made of letters, digits, _ . and -.`,
        { where, name },
      );
    }
    copy[name] = value;
  }
  return Object.freeze(copy);
}
