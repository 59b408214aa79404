import { Command } from "commander";
import type { Context } from "../cli/context.js";
import { type CommonFlags, commonOptions } from "../cli/options.js";
import { type DiffFlags, diffRecordings } from "./recording-diff.js";
import { type ExportFlags, exportRecording } from "./recording-export.js";
import { listRecordings } from "./recording-ls.js";
import { showRecording, type VerifyFlags, verifySource } from "./recording-show.js";
import { type SignFlags, signSource } from "./recording-sign.js";

const SOURCE = "out.gvr or s3://bucket/key";

/** `graphvm recording`: everything that looks into recordings and runs nothing of them. */
export function recordingCommand(context: Context): Command {
  return commonOptions(new Command("recording"))
    .enablePositionalOptions()
    .description("look into recordings, compare, sign and export them, without running them")
    .addHelpText("after", "\nExample:\n  graphvm recording verify out.gvr")
    .addCommand(show(context))
    .addCommand(verify(context))
    .addCommand(diff(context))
    .addCommand(sign(context))
    .addCommand(exporting(context))
    .addCommand(ls(context));
}

function show(context: Context): Command {
  return commonOptions(new Command("show"))
    .description("show what a recording holds: header, programs, inputs, calls and jobs")
    .argument("<source>", SOURCE)
    .addHelpText("after", "\nExample:\n  graphvm recording show out.gvr")
    .action((source: string, _flags: CommonFlags) => showRecording(source, context));
}

function verify(context: Context): Command {
  return commonOptions(new Command("verify"))
    .description("check a recording's chain, every blob and its signature")
    .argument("<source>", SOURCE)
    .option("--trusted <file>", "public keys (PEM): fail where none of them signed it")
    .addHelpText("after", "\nExample:\n  graphvm recording verify s3://audit/2031/fraud.gvr --trusted keys.pem")
    .action((source: string, flags: VerifyFlags) => verifySource(source, flags, context));
}

function diff(context: Context): Command {
  return commonOptions(new Command("diff"))
    .description("say why two recorded runs differ, and which values moved by how much; exits with 3 where they differ")
    .argument("<a>", SOURCE)
    .argument("<b>", SOURCE)
    .addHelpText("after", "\nExample:\n  graphvm recording diff monday.gvr tuesday.gvr")
    .action(async (a: string, b: string, flags: DiffFlags) => {
      process.exitCode = await diffRecordings(a, b, flags, context);
    });
}

function sign(context: Context): Command {
  return commonOptions(new Command("sign"))
    .description("sign a recording with an Ed25519 key, in the place of a signature it has")
    .argument("<source>", SOURCE)
    .requiredOption("--key <file>", "the private key, PEM")
    .option("-o, --output <target>", "where the signed recording goes (default: the place it came from, with --force)")
    .option("--force", "replace what is there")
    .addHelpText("after", "\nExample:\n  graphvm recording sign out.gvr --key key.pem -o signed.gvr")
    .action((source: string, flags: SignFlags) => signSource(source, flags, context));
}

function exporting(context: Context): Command {
  return commonOptions(new Command("export"))
    .description("write a recording in a form that others read")
    .argument("<source>", SOURCE)
    .option("--openlineage", "OpenLineage 2-0-2 events, one a line")
    .option("--html", "one HTML page for people: graph, calls, inputs, digests, verdict")
    .option("--gvr", "the one file that it is, also where a store keeps it in parts")
    .option("--replay <file>", "for --html: what graphvm replay --json printed of this recording")
    .option("-o, --output <target>", "where it goes (default: stdout)")
    .option("--force", "replace what is there")
    .addHelpText("after", "\nExample:\n  graphvm recording export out.gvr --html --replay verdict.json -o report.html")
    .action((source: string, flags: ExportFlags) => exportRecording(source, flags, context));
}

function ls(context: Context): Command {
  return commonOptions(new Command("ls"))
    .description("list the recordings of a folder or of an S3 prefix")
    .argument("<place>", "a folder, or s3://bucket/prefix")
    .addHelpText("after", "\nExample:\n  graphvm recording ls s3://audit/2031")
    .action((place: string, _flags: CommonFlags) => listRecordings(place, context));
}
