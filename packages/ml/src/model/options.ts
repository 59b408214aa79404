import { BadOptionError } from "../errors.js";

/** Reads the options of a model's specification, each with its default and range. */
export interface Options {
  /** A whole number from `least` up. */
  whole(name: string, fallback: number, least: number): number;
  /** The same, or null for no limit, which gives infinity. */
  limit(name: string, fallback: number | null, least: number): number;
  /** A finite number from `least` up (above `least` with `open`), at most `most`. */
  number(name: string, fallback: number, range?: NumberRange): number;
  flag(name: string, fallback: boolean): boolean;
  choice<const T extends string>(name: string, fallback: T, choices: readonly T[]): T;
  /** The value as it is, for options with shapes of their own. */
  raw(name: string): unknown;
}

interface NumberRange {
  readonly least?: number;
  readonly most?: number;
  /** Whether `least` itself is refused. */
  readonly open?: boolean;
  /** Whether infinity is a value. */
  readonly infinite?: boolean;
}

/** @throws BadOptionError for an option that is not among `known`; the readers throw it for a value outside its range. */
export function optionsOf(spec: object, known: readonly string[]): Options {
  const given = spec as { readonly [name: string]: unknown };
  const unknown = Object.keys(given).find((key) => key !== "model" && !known.includes(key));
  if (unknown !== undefined) throw badOption(unknown, given[unknown], `the options are ${known.join(", ")}`);
  const value = (name: string, fallback: unknown): unknown => (given[name] === undefined ? fallback : given[name]);
  return {
    whole(name, fallback, least) {
      const found = value(name, fallback);
      if (!isWhole(found, least)) throw badOption(name, found, `give a whole number from ${least} up`);
      return found;
    },
    limit(name, fallback, least) {
      const found = value(name, fallback);
      if (found === null) return Number.POSITIVE_INFINITY;
      if (!isWhole(found, least)) throw badOption(name, found, `give ${least} or more, or null`);
      return found;
    },
    number(name, fallback, { least = Number.NEGATIVE_INFINITY, most, open = false, infinite = false } = {}) {
      const found = value(name, fallback);
      const low = typeof found === "number" && (open ? found > least : found >= least);
      if (!low || found > (most ?? Number.POSITIVE_INFINITY) || !(Number.isFinite(found) || infinite)) {
        const from = least === Number.NEGATIVE_INFINITY ? "" : open ? ` above ${least}` : ` from ${least} up`;
        throw badOption(name, found, `give a number${from}${most === undefined ? "" : `, at most ${most}`}`);
      }
      return found as number;
    },
    flag(name, fallback) {
      const found = value(name, fallback);
      if (typeof found !== "boolean") throw badOption(name, found, "give true or false");
      return found;
    },
    choice(name, fallback, choices) {
      const found = choices.find((choice) => choice === value(name, fallback));
      if (found === undefined) throw badOption(name, given[name], `give ${choices.map((c) => `"${c}"`).join(" or ")}`);
      return found;
    },
    raw: (name) => given[name],
  };
}

/** Whether it is a whole number from `least` up. */
export function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}

/** The error for an option with a wrong value. */
export function badOption(option: string, value: unknown, advice: string): BadOptionError {
  const shown = typeof value === "number" ? String(value) : JSON.stringify(value);
  return new BadOptionError(`${option} is ${shown}; ${advice}.`, { option, value });
}
