import { VERSION } from "@graphvm/cluster/internal";
import { Command, type CommanderError } from "commander";
import { explainCommand } from "../commands/explain.js";
import { graphCommand } from "../commands/graph.js";
import { recordingCommand } from "../commands/recording.js";
import { replCommand } from "../commands/repl.js";
import { replayCommand } from "../commands/replay.js";
import { runCommand } from "../commands/run.js";
import { startMasterCommand } from "../commands/start-master.js";
import { startWorkerCommand } from "../commands/start-worker.js";
import { statusCommand } from "../commands/status.js";
import { stopCommand } from "../commands/stop.js";
import { workersCommand } from "../commands/workers.js";
import { fraudCommand } from "../demo/fraud-command.js";
import { regionsCommand } from "../demo/regions-command.js";
import { titanicCommand } from "../demo/titanic-command.js";
import { UsageError } from "../errors.js";
import type { Context } from "./context.js";
import { commonOptions } from "./options.js";

/** The whole command line. Parsing throws instead of ending the process. */
export function buildProgram(context: Context): Command {
  const program = commonOptions(new Command("graphvm"))
    .enablePositionalOptions() // --json after a command is that command's
    .description("Computation graphs that can be proved: run them on a cluster, record them, replay the recordings.")
    .version(VERSION, "--version", "print the version")
    .addHelpText(
      "after",
      "\nExample:\n  graphvm run pipeline.ts#main --workers 3 --record out.gvr\n  graphvm replay out.gvr",
    );
  program.addCommand(replCommand(context));
  program.addCommand(startMasterCommand(context));
  program.addCommand(startWorkerCommand(context));
  program.addCommand(workersCommand(context));
  program.addCommand(statusCommand(context));
  program.addCommand(explainCommand(context));
  program.addCommand(stopCommand(context));
  program.addCommand(runCommand(context));
  program.addCommand(replayCommand(context));
  program.addCommand(recordingCommand(context));
  program.addCommand(graphCommand(context));
  commonOptions(program.command("demo"))
    .enablePositionalOptions()
    .description("a demonstration of the whole path")
    .addHelpText("after", "\nExample:\n  graphvm demo fraud --rows 200000 --workers 2")
    .addCommand(fraudCommand(context))
    .addCommand(titanicCommand(context))
    .addCommand(regionsCommand(context));
  throwErrors(program, context);
  return program;
}

/**
 * Bad usage is our error, not commander's lines and exit. What was asked for, help or the version, is the command's answer.
 */
function throwErrors(command: Command, context: Context): void {
  command
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : usageError(error, command);
    })
    .showSuggestionAfterError(false)
    .configureOutput({
      writeOut: (text) => answerText(text.trimEnd(), context),
      writeErr: () => {},
      outputError: () => {},
    });
  for (const child of command.commands) throwErrors(child, context);
}

function answerText(text: string, context: Context): void {
  context.answer(text === VERSION ? { version: VERSION } : { help: text }, text);
}

function usageError({ code, message }: CommanderError, command: Command): UsageError {
  const names = [command.name()];
  for (let at = command.parent; at; at = at.parent) names.unshift(at.name());
  const path = names.join(" ");
  const children = command.commands.map((child) => child.name());
  // commander shows help, as an error, where a command is left out
  const what =
    code === "commander.help"
      ? `a command is missing (${children.join(", ")})`
      : message.replace(/^error: /, "").replace(/\.$/, "");
  return new UsageError(`${what}; see ${path} --help.`, { command: path });
}
