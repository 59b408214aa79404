import { accessSync, constants } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";
import { PythonMissingError } from "../errors.js";

/** What the Python that is used must have. */
export const PIP_INSTALL = "python3 -m pip install pandas pyarrow scikit-learn";

const NAMES = process.platform === "win32" ? ["python.exe", "python3.exe"] : ["python3", "python"];

/**
 * The Python to run: `GRAPHVM_PYTHON` (a path, or a name on the PATH), else `python3` or `python` on the PATH.
 *
 * @throws PythonMissingError
 */
export function findPython(env: NodeJS.ProcessEnv = process.env): string {
  const asked = env.GRAPHVM_PYTHON ?? "";
  const names = asked === "" ? NAMES : [asked];
  for (const name of names) {
    const found = onPath(name, env.PATH ?? "");
    if (found !== undefined) return found;
  }
  const sentence =
    asked === ""
      ? `There is no ${names.join(" and no ")} on the PATH. Install Python 3.9 or later with its packages (${PIP_INSTALL}), or set GRAPHVM_PYTHON to the one to use.`
      : `GRAPHVM_PYTHON is ${asked}, and there is no such program. Set it to a Python 3.9 or later that has pandas and pyarrow, or unset it to use python3 from the PATH.`;
  throw new PythonMissingError(sentence, { looked: names });
}

/** The program of that name: itself where it is a path, else the first on the PATH. */
export function onPath(name: string, path: string): string | undefined {
  if (isAbsolute(name) || /[/\\]/.test(name)) return isProgram(name) ? name : undefined;
  const folders = path.split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
