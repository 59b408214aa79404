import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rename, rm } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { NatsMissingError } from "../errors.js";

const run = promisify(execFile);

/** What is built where there is no package. */
const GO_MODULE = "github.com/nats-io/nats-server/v2@v2.12.0";
/** The first version with all that a fabric asks of one. */
const OLDEST = [2, 9] as const;
/** Beside the packages: what is installed there goes with the folder. */
const FOLDER = fileURLToPath(new URL("../../../../.fabric/bin", import.meta.url));

/**
 * The path of a nats-server of 2.9 or newer: that of GRAPHVM_NATS_SERVER, else the one on PATH, else the one in `folder`, which
 * is installed there first: Debian's package, unpacked without installing it, else a build with Go. Processes that install at
 * once don't disturb each other.
 *
 * @throws NatsMissingError where there is none and none can be had
 * @example
 * const program = await natsServer();
 */
export async function natsServer({ folder = FOLDER }: { readonly folder?: string } = {}): Promise<string> {
  const named = process.env.GRAPHVM_NATS_SERVER;
  if (named) {
    const wrong = await unfit(named);
    if (wrong === undefined) return named;
    throw new NatsMissingError(`GRAPHVM_NATS_SERVER is ${named}, and ${wrong}: correct it or leave it out`);
  }
  const installed = join(folder, "nats-server");
  for (const program of ["nats-server", installed]) if ((await unfit(program)) === undefined) return program;
  return await install(folder, installed);
}

/**
 * For tests: the path of a nats-server, or undefined, with a warning that tests are skipped, where there is none. With CI=true
 * it fails instead.
 *
 * @throws NatsMissingError where there is none and CI=true
 * @example
 * const program = await natsServerOrSkip();
 * test.skipIf(!program)("...", async () => {});
 */
export async function natsServerOrSkip(): Promise<string | undefined> {
  try {
    return await natsServer();
  } catch (error) {
    if (!(error instanceof NatsMissingError) || process.env.CI === "true") throw error;
    console.warn(`skipped: tests on NATS, ${error.message}`);
    return undefined;
  }
}

/** Why a program is no nats-server we can use; undefined where it is one. */
async function unfit(program: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ["--version"], { timeout: 20_000 });
    const [, major, minor] = /^nats-server: v(\d+)\.(\d+)\./.exec(stdout) ?? [];
    if (major === undefined) return `its --version says ${JSON.stringify(stdout.trim())}`;
    const older = Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
    return older ? `it is ${stdout.trim()}, older than ${OLDEST.join(".")}` : undefined;
  } catch (error) {
    return said(error);
  }
}

/** Each way makes it under a name of its own; renaming is what makes it the one that is used. */
async function install(folder: string, installed: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  const work = await mkdtemp(join(folder, "installing-"));
  const tried: string[] = [];
  try {
    for (const [name, way] of [
      ["Debian's package", fromDebian],
      [`go install ${GO_MODULE}`, fromGo],
    ] as const) {
      try {
        const made = await way(work);
        const wrong = await unfit(made);
        if (wrong !== undefined) throw new Error(wrong);
        await chmod(made, 0o755);
        await rename(made, installed);
        return installed;
      } catch (error) {
        tried.push(`${name}: ${said(error)}`);
      }
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  throw new NatsMissingError(
    `there is no nats-server on PATH and none could be installed (${tried.join("; ")}): install one of ${OLDEST.join(".")} or newer, or name it with GRAPHVM_NATS_SERVER`,
    { tried },
  );
}

/** Unpacks Debian's package; the system stays as it is, but for its list of packages where there is none yet. */
async function fromDebian(work: string): Promise<string> {
  const download = () => run("apt-get", ["download", "nats-server"], { cwd: work, timeout: 180_000 });
  await download().catch(async (error: unknown) => {
    if (process.getuid?.() !== 0 || !said(error).includes("Unable to locate")) throw error;
    await run("apt-get", ["update"], { timeout: 300_000 });
    await download();
  });
  await run("sh", ["-c", "dpkg -x ./*.deb unpacked"], { cwd: work, timeout: 60_000 });
  return join(work, "unpacked", "usr", "sbin", "nats-server");
}

async function fromGo(work: string): Promise<string> {
  const PATH = [process.env.PATH, "/usr/local/go/bin"].join(delimiter);
  await run("go", ["install", GO_MODULE], { env: { ...process.env, PATH, GOBIN: work }, timeout: 900_000 });
  return join(work, "nats-server");
}

/** The last line that says something. */
function said(error: unknown): string {
  const { stderr = "", message } = error as Error & { stderr?: string };
  const lines = (stderr.trim() || message).split("\n");
  return (lines.filter((line) => /^E:|error/i.test(line)).at(-1) ?? lines.at(-1)!).trim();
}
