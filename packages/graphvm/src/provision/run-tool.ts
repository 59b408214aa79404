import { spawn } from "node:child_process";
import { ProvisionerMissingError, ProvisionFailedError } from "../errors.js";

/**
 * Runs a command of a cluster's own system to its end; what it printed.
 *
 * @throws ProvisionerMissingError where it is not on PATH; ProvisionFailedError where it fails
 */
export function runTool(tool: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: "pipe" });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (piece: Buffer) => {
      stdout += piece.toString("utf8");
    });
    child.stderr.on("data", (piece: Buffer) => {
      stderr += piece.toString("utf8");
    });
    child.stdin.on("error", () => {}); // it may end before it has read everything
    child.stdin.end(input);
    child.once("error", (cause) => {
      const missing = `There is no ${tool} on PATH: run this where it is installed, or use another --provision.`;
      reject(new ProvisionerMissingError(missing, { tool }, { cause }));
    });
    child.once("close", (code) => {
      if (code === 0) resolve(stdout);
      else
        reject(
          new ProvisionFailedError(`${tool} ${args[0] ?? ""} failed with ${code}: ${stderr.trim()}`, { tool, code }),
        );
    });
  });
}
