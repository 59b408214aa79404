import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { test } from "vitest";

const own = fileURLToPath(new URL("../../../.python/bin/python", import.meta.url));

/** Where `odd_estimators.py` is. */
export const ODD = fileURLToPath(new URL("./fixtures/python", import.meta.url));

/** The Python that tests use: GRAPHVM_PYTHON, else that of `npm run python:up`, else python3 from the PATH. */
export const python = process.env.GRAPHVM_PYTHON ?? (existsSync(own) ? own : "python3");

function whyNot(): string | undefined {
  try {
    const packages = "import sklearn, xgboost, lightgbm, pandas, pyarrow";
    execFileSync(python, ["-c", packages], { stdio: "ignore" });
    return undefined;
  } catch {
    return `${python} lacks scikit-learn, xgboost, lightgbm, pandas or pyarrow: npm run python:up`;
  }
}

const why = whyNot();
if (why === undefined) {
  process.env.GRAPHVM_PYTHON = python;
  process.env.PYTHONPATH = ODD;
} else console.warn(`skipped: ${why}`);

/** A test that needs Python with its packages; without them it is skipped, and said why. */
export const pythonTest: typeof test = (why === undefined ? test : test.skip) as typeof test;

/** What a Python program prints, as JSON. */
export function runPython(program: string, ...args: readonly string[]): unknown {
  const env = { ...process.env, OMP_NUM_THREADS: "1" };
  return JSON.parse(execFileSync(python, ["-c", program, ...args], { encoding: "utf8", env, maxBuffer: 1e9 }));
}

/** The process id in a file that an estimator or command writes, once it is there. */
export async function pidIn(marker: string): Promise<number> {
  await until(() => existsSync(marker));
  return Number(readFileSync(marker, "utf8"));
}

/** Settles when no process has that id any more. */
export async function gone(pid: number): Promise<void> {
  await until(() => {
    try {
      process.kill(pid, 0);
      // one that nobody has waited for yet counts as gone
      return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.startsWith("Z") ?? false;
    } catch {
      return true;
    }
  });
}

/** Settles when something holds; fails where it never does. */
export async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error("it never happened");
    await pause(5);
  }
}
