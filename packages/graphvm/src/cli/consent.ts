import { createInterface } from "node:readline/promises";
import { type Recording, recordedCode } from "@graphvm/cluster";
import { inputName } from "@graphvm/cluster/internal";
import { NoConsentError } from "../errors.js";
import { recordedFunctions } from "../recorded/functions.js";
import type { Context } from "./context.js";
import { bytesText, countText, plain, tableText } from "./text.js";

/**
 * Shows what code a replay would run, and asks.
 *
 * @throws NoConsentError where nobody is there to be asked, or the answer is no.
 */
export async function agreeToRun(source: string, recording: Recording, context: Context): Promise<void> {
  if (!context.interactive) {
    throw new NoConsentError(
      `Replaying ${source} runs the code in it (${codeSummary(recording)}), and there is no terminal to ask on: look at it with graphvm recording show, then say --yes.`,
      { source },
    );
  }
  context.note(whatRuns(source, recording));
  const terminal = createInterface({
    input: context.stdin,
    output: context.stderr as unknown as NodeJS.WritableStream,
  });
  // a raw terminal gives Ctrl-C to readline; a question is never answered once the input has ended
  terminal.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  const closed = new Promise<string>((resolve) => terminal.once("close", () => resolve("no")));
  try {
    for (;;) {
      const question = terminal.question("Run it? [y]es, [s]how the code, [N]o: ");
      const answer = (await Promise.race([question, closed])).trim().toLowerCase();
      if (answer === "y" || answer === "yes") return;
      if (answer === "s" || answer === "show") context.note(codeText(recording));
      else throw new NoConsentError(`${source} was not replayed: nothing was run.`, { source });
    }
  } finally {
    terminal.close();
  }
}

function codeSummary(recording: Recording): string {
  const functions = recordedFunctions(recording).length;
  const programs = countText(recording.header.programs.length, "program");
  return functions === 0 ? programs : `${programs} and ${countText(functions, "function")}`;
}

/** What a replay would run, as people are shown it. */
export function whatRuns(source: string, recording: Recording): string {
  const { header, lines } = recording;
  const made = `graphvm ${plain(header.graphvm)}, Node ${plain(header.node)}, ${plain(header.platform)}`;
  const programs = recordedCode(recording).map(({ name, hash, code }) => [
    plain(name),
    countText(code.split("\n").length, "line"),
    `sha256 ${hash.slice(0, 16)}`,
  ]);
  const functions = recordedFunctions(recording).map((code) => ["function", countText(code.length, "character")]);
  const inputs = header.inputs.map((input) => [
    plain(inputName(input)),
    bytesText(input.size),
    `sha256 ${input.sha256.slice(0, 16)}`,
  ]);
  return [
    `${source}: ${countText(lines.length, "call")}, recorded ${plain(header.createdAt)} by ${made}`,
    "Replaying it runs this code on this machine, with your rights:",
    tableText([...programs, ...functions]),
    inputs.length === 0 ? "It reads no declared inputs." : `It reads:\n${tableText(inputs)}`,
  ].join("\n");
}

function codeText(recording: Recording): string {
  const programs = recordedCode(recording).map(({ name, code }) => `// --- program ${name}\n${code}`);
  const functions = recordedFunctions(recording).map((code) => `// --- function given as a param\n${code}`);
  return plain([...programs, ...functions].join("\n"));
}
