import { readSource, signRecording, verifyRecording, writeTarget } from "@graphvm/cluster";
import type { Context } from "../cli/context.js";
import type { CommonFlags } from "../cli/options.js";
import { readText } from "../cli/read-text.js";
import { UsageError } from "../errors.js";

export interface SignFlags extends CommonFlags {
  readonly key: string;
  readonly output?: string;
  readonly force?: boolean;
}

/** `graphvm recording sign`: verifies all of it first, so that nobody signs what is damaged. */
export async function signSource(source: string, flags: SignFlags, context: Context): Promise<void> {
  const { key, output = source, force = false } = flags;
  if (output === source && !force) {
    throw new UsageError(`This would replace ${source}: name another place with -o, or say --force.`, {});
  }
  const pem = readText(key, "key file");
  const bytes = await readSource(source);
  verifyRecording(bytes);
  const signed = signRecording(bytes, pem);
  const { signature, head } = verifyRecording(signed);
  await writeTarget(output, signed, { force });
  const { fingerprint } = signature!;
  context.answer(
    { source, path: output, bytes: signed.length, head, fingerprint },
    `${output}: signed by key ${fingerprint}`,
  );
}
