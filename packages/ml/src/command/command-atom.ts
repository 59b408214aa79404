import { basename, join } from "node:path";
import { usedTools } from "@graphvm/engine/internal";
import { CommandFailedError, CommandTimeoutError } from "../errors.js";
import { collect, makeRoom, place, withFolder } from "./folder.js";
import { findProgram } from "./program.js";
import { type CommandEnd, runGuarded } from "./run-guarded.js";
import { type CommandFiles, type CommandInput, type CommandSpec, checkCommand } from "./spec.js";

/**
 * An atom that runs a program in a folder of its own, with copies of the declared inputs and only the declared environment;
 * its value is the declared outputs. The program's sha-256 is told as a tool. What else it reads (the network, other files
 * by absolute path, the clock) nobody sees: choose programs that don't.
 *
 * @param values what dependencies gave, for the paths in `given`
 * @throws BadOptionError; CommandFailedError where it is not there or ends with another exit code than 0;
 * CommandTimeoutError; CommandOutputError
 * @example
 * apply(commandAtom, { command: "sort", args: ["-o", "sorted.csv", "in.csv"], inputs: { "in.csv": file("a.csv") }, outputs: ["sorted.csv"] })()
 */
export async function commandAtom(spec: CommandSpec, ...values: readonly CommandInput[]): Promise<CommandFiles> {
  checkCommand(spec, values.length);
  const { command, args = [], inputs = {}, given = [], outputs = [], stdin, stdout, env = {}, seconds = 600 } = spec;
  const { path: program, sha256 } = await findProgram(command);
  usedTools({ [basename(command)]: `sha256:${sha256}` });
  const wanted = [...outputs, ...(stdout === undefined ? [] : [stdout])];
  return withFolder(async (folder) => {
    for (const [path, input] of Object.entries(inputs)) await place(folder, path, input);
    for (const [i, path] of given.entries()) await place(folder, path, values[i]!);
    await makeRoom(folder, wanted);
    const streams = {
      ...(stdin === undefined ? {} : { stdin: join(folder, stdin) }),
      ...(stdout === undefined ? {} : { stdout: join(folder, stdout) }),
    };
    checkEnd(await runGuarded({ program, args, folder, env, seconds, ...streams }), command, seconds);
    return collect(folder, command, wanted);
  });
}

function checkEnd({ news, printed }: CommandEnd, command: string, seconds: number): void {
  const said = printed === "" ? "" : ` It printed last:\n${printed}`;
  if ("failed" in news) {
    throw new CommandFailedError(`${command} could not be run: ${news.failed}.${said}`, { command, printed });
  }
  const { code, signal, late } = news;
  if (late) {
    const sentence = `${command} was ended after ${seconds} seconds: give it less to do, or raise its seconds.${said}`;
    throw new CommandTimeoutError(sentence, { command, seconds });
  }
  if (code === 0) return;
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  throw new CommandFailedError(`${command} ended with ${how}.${said}`, { command, exitCode: code, signal, printed });
}
