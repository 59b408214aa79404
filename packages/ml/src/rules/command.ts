import { apply, namespace, type Op, Ref, rule } from "@graphvm/rules";
import { commandAtom } from "../command/command-atom.js";
import type { CommandFiles, CommandInput, CommandRefs, CommandSpec } from "../command/spec.js";
import { CommandOutputError } from "../errors.js";

/** Programs as nodes. */
export const command = namespace("command", {
  /**
   * Runs a program on declared inputs: files, bytes, texts, tables, and values of other nodes. Gives its declared outputs.
   *
   * @example command.run({ command: "sort", args: ["in.csv"], inputs: { "in.csv": file("a.csv") }, stdout: "sorted.csv" })
   */
  run: rule((spec: CommandRefs): Op<CommandFiles> => {
    // sorted: the order of keys is no part of a node
    const inputs = Object.entries(spec.inputs ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
    const fixed = inputs.filter((input): input is [string, CommandInput] => !(input[1] instanceof Ref));
    const computed = inputs.filter((input): input is [string, Ref<CommandInput>] => input[1] instanceof Ref);
    const given = computed.map(([path]) => path);
    const bound: CommandSpec = { ...spec, inputs: Object.fromEntries(fixed), given };
    return apply.all(runAtom, bound)(computed.map(([, ref]) => ref));
  }),

  /** One of the files that a command wrote. */
  output: rule(
    (files: Ref<CommandFiles>, path: string): Op<Uint8Array> =>
      apply((each: string, all: CommandFiles) => written(all, each), path)(files),
  ),
});

async function runAtom(spec: CommandSpec, values: readonly CommandInput[]): Promise<CommandFiles> {
  return commandAtom(spec, ...values);
}

function written(files: CommandFiles, path: string): Uint8Array {
  const bytes = files[path];
  if (bytes !== undefined) return bytes;
  const sentence = `The command declares no output ${path}; it has ${Object.keys(files).join(", ") || "none"}.`;
  throw new CommandOutputError(sentence, { output: path });
}
