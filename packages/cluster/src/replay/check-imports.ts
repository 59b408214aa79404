import { isBuiltin } from "node:module";
import { type BuildFailure, build } from "esbuild";
import { hostModuleUrls } from "../program/host-modules.js";
import { JOURNAL_ENTRY, ModuleRefusedError, type Recording } from "../recording/index.js";
import { LOADS } from "./check-programs.js";

/**
 * Checks that the recorded programs import nothing but what graphvm's bundler leaves outside of a program: Node's own modules,
 * graphvm's, and its session. Whatever else lies on this machine is no part of the recording, and nobody agreed to run it.
 *
 * @throws ModuleRefusedError
 */
export async function checkImports({ lines, blobs }: Recording): Promise<void> {
  const checked = new Set<string>();
  for (const { seq, method, params } of lines) {
    if (!LOADS.has(method)) continue;
    const { name, hash } = (params as unknown as { program: { name: string; hash: string } }).program;
    if (checked.has(hash)) continue;
    checked.add(hash);
    const imports = await importsOf(Buffer.from(blobs.get(hash)).toString("utf8"));
    const foreign = imports?.find((path) => !isOwn(path));
    if (imports !== undefined && foreign === undefined) continue;
    const why =
      foreign === undefined
        ? "is no module that can be read"
        : `asks for the module ${JSON.stringify(foreign.slice(0, 200))}, which is part of neither the recording nor graphvm nor Node`;
    throw new ModuleRefusedError(`The recording is not to be run: its program ${name} ${why}.`, {
      ...{ entry: JOURNAL_ENTRY, seq, program: name, module: foreign ?? null },
    });
  }
}

/** graphvm's packages by name: who replays on a master elsewhere need not have loaded them. */
function isOwn(path: string): boolean {
  return isBuiltin(path) || hostModuleUrls().has(path) || /^(graphvm|@graphvm\/[a-z-]+)(\/[a-z-]+)*$/.test(path);
}

/** What a module's import and export statements name; undefined for what the bundler can't read, and so has not made. */
async function importsOf(code: string): Promise<string[] | undefined> {
  const found: string[] = [];
  try {
    await build({
      stdin: { contents: code, loader: "js" },
      ...{ bundle: true, write: false, format: "esm", platform: "node", target: "esnext", logLevel: "silent" },
      plugins: [
        {
          name: "imports",
          setup({ onResolve }) {
            onResolve({ filter: /.*/ }, ({ kind, path }) => {
              if (kind === "import-statement") found.push(path);
              return { path, external: true };
            });
          },
        },
      ],
    });
  } catch (error) {
    if ((error as BuildFailure).errors === undefined) throw error;
    return undefined;
  }
  return found;
}
