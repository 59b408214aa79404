import { BadOptionError } from "../errors.js";

/** A value of an estimator's option. */
export type PyOption = null | boolean | number | string | readonly PyOption[] | { readonly [name: string]: PyOption };

/** An estimator's options, by the names that it has in Python. */
export interface PyOptions {
  readonly [name: string]: PyOption;
}

/**
 * A whole number that must reach Python as a float: `max_features: pyFloat(1)` is all features, `max_features: 1` one.
 */
export function pyFloat(value: number): PyOption {
  return { $float: String(value) };
}

/**
 * Options as they travel, names sorted; NaN and infinities are written as texts that Python's float reads.
 *
 * @throws BadOptionError for what Python has no value for
 */
export function wireOptions(options: PyOptions): PyOptions {
  return wire(options, "") as PyOptions;
}

function wire(value: unknown, name: string): PyOption {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : pyFloat(value);
  if (Array.isArray(value)) return value.map((each) => wire(each, name));
  const plain = typeof value === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(value));
  if (!plain) {
    throw new BadOptionError(
      `The option ${name} is ${typeof value === "object" ? "an object of a class" : typeof value}; Python gets numbers, texts, truth values, null, and lists and objects of these.`,
      { option: name, value: String(value) },
    );
  }
  const keys = Object.keys(value as object).sort();
  const at = (key: string): string => (name === "" ? key : `${name}.${key}`);
  return Object.fromEntries(keys.map((key) => [key, wire((value as PyOptions)[key], at(key))]));
}
