import { readRecording, readSource, requireTrusted, trustedFingerprints, verifyRecording } from "@graphvm/cluster";
import type { Context } from "../cli/context.js";
import type { CommonFlags } from "../cli/options.js";
import { readText } from "../cli/read-text.js";
import { bytesText, countText } from "../cli/text.js";
import { describeRecording, recordingJson } from "../recorded/describe.js";

export interface VerifyFlags extends CommonFlags {
  readonly trusted?: string;
}

/** `graphvm recording show`. */
export async function showRecording(source: string, context: Context): Promise<void> {
  const bytes = await readSource(source);
  const recording = await readRecording(bytes);
  context.answer(recordingJson(source, bytes.length, recording), describeRecording(source, bytes.length, recording));
}

/** `graphvm recording verify`. @throws UntrustedError where keys are given and none of them signed it */
export async function verifySource(source: string, flags: VerifyFlags, context: Context): Promise<void> {
  const keys =
    flags.trusted === undefined ? undefined : trustedFingerprints(readText(flags.trusted, "file of trusted keys"));
  const verified = verifyRecording(await readSource(source));
  const { bytes, calls, blobs, blobBytes, programs, inputs, head, signature } = verified;
  if (keys) requireTrusted(signature, keys);
  const who = keys ? "a trusted key" : "a key that was held against no list of trusted ones";
  context.answer(
    { source, ...verified, ...(keys ? { trusted: true } : {}) },
    [
      `${source} is whole: ${bytesText(bytes)}, ${countText(calls, "call")} in an unbroken chain, ` +
        `${countText(blobs, "blob")} (${bytesText(blobBytes)} unpacked), ` +
        `${countText(programs, "program")}, ${countText(inputs, "input")}.`,
      `head ${head}`,
      signature === undefined ? "not signed" : `signed by ${who}: ${signature.fingerprint}`,
    ].join("\n"),
  );
}
