import {
  BadOptionError,
  ColumnTypeError,
  EstimatorError,
  ModelVersionError,
  PythonError,
  PythonPackageError,
} from "../errors.js";
import type { FrameHeader } from "./frames.js";

/** What Python says of an error: one of ours by `kind`, or an exception. */
interface SaidError {
  readonly kind: string;
  readonly message: string;
  readonly fields?: { readonly [name: string]: unknown };
  readonly type?: string;
  readonly traceback?: readonly string[];
}

/** What pip calls a package that Python calls otherwise. */
const PIP_NAMES: { readonly [name: string]: string } = {
  sklearn: "scikit-learn",
  yaml: "pyyaml",
  cv2: "opencv-python",
};

/** Throws what an answer says went wrong; nothing where nothing did. */
export function throwPythonError(header: FrameHeader): void {
  if (header.error === undefined) return;
  const { kind, message, fields = {}, type = "Exception", traceback = [] } = header.error as SaidError;
  switch (kind) {
    case "package": {
      const name = String(fields.package);
      const install = `python3 -m pip install ${PIP_NAMES[name] ?? name}`;
      throw new PythonPackageError(`${message} Install it for the Python that graphvm uses: ${install}`, fields);
    }
    case "estimator":
      throw new EstimatorError(message, fields);
    case "option":
      throw new BadOptionError(message, fields);
    case "column":
      throw new ColumnTypeError(message, fields);
    case "versions":
      throw otherVersions(message, fields);
    case "answer":
      throw new PythonError(message, { type: "ShapeError", traceback: [] });
    default: {
      const last = traceback.length === 0 ? "" : `\n${traceback.join("\n")}`;
      throw new PythonError(`Python raised ${type}: ${message}${last}`, { type, why: message, traceback });
    }
  }
}

function otherVersions(message: string, fields: { readonly [name: string]: unknown }): ModelVersionError {
  const { model, here } = fields as { [side in "model" | "here"]: { readonly [name: string]: string } };
  const unlike = Object.keys({ ...model, ...here }).filter((name) => model[name] !== here[name]);
  const told = unlike.map((name) => `${name} ${model[name] ?? "none"}, here ${here[name] ?? "none"}`).join("; ");
  return new ModelVersionError(
    `${message} (${told}.) Give all workers the same packages, or train it again here.`,
    fields,
  );
}
