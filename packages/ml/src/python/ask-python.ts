import { usedTools } from "@graphvm/engine/internal";
import { ownWork } from "../own-work.js";
import { findPython } from "./find-python.js";
import type { Frame, FrameHeader } from "./frames.js";
import { throwPythonError } from "./python-error.js";
import { PythonProcess } from "./python-process.js";

/** The one of this thread: started when it is needed first, and again where it died. */
let current: { readonly python: PythonProcess; readonly ready: Promise<unknown> } | undefined;

/**
 * Asks this thread's Python, and tells the graph what Python and packages it was.
 *
 * @throws PythonMissingError, PythonPackageError, PythonDiedError, FrameError, and what became of an exception there
 */
export async function askPython(header: FrameHeader, parts: readonly Uint8Array[]): Promise<Frame> {
  const { python, ready } = started();
  await ready;
  const answer = await python.ask(header, parts);
  throwPythonError(answer.header);
  const { tools } = answer.header as { readonly tools?: { readonly [name: string]: string } };
  if (tools !== undefined) usedTools(tools);
  return answer;
}

function started(): NonNullable<typeof current> {
  if (current?.python.alive) return current;
  const python = ownWork(() => new PythonProcess(findPython()));
  const ready = python.hello.then(({ header }) => throwPythonError(header));
  ready.catch(() => {
    // the next that asks tries again: a package may have been installed
    if (current?.python === python) current = undefined;
    python.kill();
  });
  current = { python, ready };
  return current;
}
