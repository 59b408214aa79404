import { readRecording, readSource, verifyRecording } from "@graphvm/cluster";
import { Command } from "commander";
import type { Context } from "../cli/context.js";
import { type CommonFlags, commonOptions } from "../cli/options.js";
import { bytesText, countText } from "../cli/text.js";
import { describeRecording, recordingJson } from "../recorded/describe.js";

export function recordingCommand(context: Context): Command {
  const show = new Command("show")
    .description("show what a recording holds: header, programs, inputs, calls and jobs; runs nothing")
    .argument("<source>", "out.gvr or s3://bucket/key");
  const verify = new Command("verify")
    .description("check a recording's chain and every blob; runs nothing")
    .argument("<source>", "out.gvr or s3://bucket/key");
  return commonOptions(new Command("recording"))
    .enablePositionalOptions()
    .description("look into recordings without running them")
    .addCommand(
      commonOptions(show)
        .addHelpText("after", "\nExample:\n  graphvm recording show out.gvr")
        .action((source: string, _flags: CommonFlags) => showRecording(source, context)),
    )
    .addCommand(
      commonOptions(verify)
        .addHelpText("after", "\nExample:\n  graphvm recording verify s3://audit/2031/fraud.gvr --json")
        .action((source: string, _flags: CommonFlags) => verifySource(source, context)),
    )
    .addHelpText("after", "\nExample:\n  graphvm recording verify out.gvr");
}

/** `graphvm recording show`. */
export async function showRecording(source: string, context: Context): Promise<void> {
  const bytes = await readSource(source);
  const recording = await readRecording(bytes);
  context.answer(recordingJson(source, bytes.length, recording), describeRecording(source, bytes.length, recording));
}

/** `graphvm recording verify`. */
export async function verifySource(source: string, context: Context): Promise<void> {
  const verified = verifyRecording(await readSource(source));
  const { bytes, calls, blobs, blobBytes, programs, inputs, head } = verified;
  context.answer(
    { source, ...verified },
    [
      `${source} is whole: ${bytesText(bytes)}, ${countText(calls, "call")} in an unbroken chain, ` +
        `${countText(blobs, "blob")} (${bytesText(blobBytes)} unpacked), ` +
        `${countText(programs, "program")}, ${countText(inputs, "input")}.`,
      `head ${head}`,
    ].join("\n"),
  );
}
