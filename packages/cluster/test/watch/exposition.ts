/** A sample of the Prometheus text format. */
export interface Sample {
  readonly name: string;
  readonly labels: { readonly [name: string]: string };
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,?)/;

/**
 * Reads the text format (https://prometheus.io/docs/instrumenting/exposition_formats/) as strictly as promtool's check: every
 * family has HELP and TYPE before its samples, names are legal, no series comes twice, counters end in _total, histograms are
 * cumulative and whole.
 */
export function parseMetrics(text: string): Map<string, Sample[]> {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const families = new Map<string, Sample[]>();
  const seen = new Set<string>();
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, kind, name, rest] = comment;
      if (families.has(name!)) throw new Error(`${kind} of ${name} after its samples`);
      if (kind === "HELP") helps.add(name!);
      else types.set(name!, rest!);
      continue;
    }
    const sample = readSample(line);
    const family = [sample.name, sample.name.replace(/_(bucket|sum|count)$/, "")].find((name) => types.has(name));
    if (family === undefined || !helps.has(family)) throw new Error(`no TYPE or HELP before ${line}`);
    const key = line.slice(0, line.lastIndexOf(" "));
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    families.set(family, [...(families.get(family) ?? []), sample]);
  }
  for (const [name, type] of types) {
    if (type === "counter" && !name.endsWith("_total")) throw new Error(`the counter ${name} does not end in _total`);
    if (type === "histogram") checkHistogram(name, families.get(name) ?? []);
  }
  return families;
}

function readSample(line: string): Sample {
  const name = NAME.exec(line)?.[0];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  let rest = line.slice(name.length);
  const labels: { [name: string]: string } = {};
  if (rest.startsWith("{")) {
    rest = rest.slice(1);
    while (!rest.startsWith("}")) {
      const label = LABEL.exec(rest);
      if (!label || Object.hasOwn(labels, label[1]!)) throw new Error(`bad labels: ${line}`);
      labels[label[1]!] = label[2]!;
      rest = rest.slice(label[0].length);
    }
    rest = rest.slice(1);
  }
  if (!/^ (\+Inf|-?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(rest)) throw new Error(`bad value: ${line}`);
  return { name, labels, value: rest === " +Inf" ? Infinity : Number(rest) };
}

function checkHistogram(name: string, samples: readonly Sample[]): void {
  const series = new Map<string, number[]>();
  for (const { name: each, labels, value } of samples) {
    const { le, ...others } = labels;
    const key = JSON.stringify(others);
    if (each === `${name}_bucket`) series.set(key, [...(series.get(key) ?? []), value]);
    else if (each === `${name}_count` && series.get(key)?.at(-1) !== value)
      throw new Error(`${name}: +Inf is not the count`);
    if (each === `${name}_bucket` && le === undefined) throw new Error(`${name}: a bucket without le`);
  }
  for (const buckets of series.values()) {
    if (buckets.some((value, i) => i > 0 && value < buckets[i - 1]!)) throw new Error(`${name} is not cumulative`);
  }
}
