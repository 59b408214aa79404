import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Writes doubles of a cluster's own commands into a folder that goes in front of PATH. They keep jobs as files, start them as
 * processes of a group of their own, and take the options graphvm gives as the real ones do; others they refuse.
 */
export function toolFolder(folder: string, tools: { readonly [name: string]: string }): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  mkdirSync(join(folder, "state"), { recursive: true });
  for (const [name, script] of Object.entries(tools)) {
    writeFileSync(join(bin, name), `#!/bin/sh\nSTATE='${join(folder, "state")}'\n${script}`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

/** A `graphvm` for job scripts. */
export const graphvmTool = (entry: string): string => `exec '${process.execPath}' '${entry}' "$@"\n`;

/** Slurm: a job waits for the file `room`, then its script runs; it is gone from the queue when that has ended. */
export const SLURM: { readonly [name: string]: string } = {
  sbatch: `
for arg; do case "$arg" in --parsable|--partition=*) ;; *) echo "sbatch: unrecognized option '$arg'" >&2; exit 1 ;; esac; done
[ -e "$STATE/down" ] && { echo "sbatch: error: Batch job submission failed: Unable to contact slurm controller" >&2; exit 1; }
id=$(( $(cat "$STATE/last" 2>/dev/null || echo 100) + 1 )); echo $id > "$STATE/last"
cat > "$STATE/$id.sh"
head -1 "$STATE/$id.sh" | grep -q '^#!' || { echo "sbatch: error: This does not look like a batch script." >&2; exit 1; }
echo "$@" > "$STATE/$id.args"
sed -n 's/^#SBATCH --job-name=//p' "$STATE/$id.sh" > "$STATE/$id.name"
echo PENDING > "$STATE/$id.state"
setsid sh -c 'while [ ! -e "$0/room" ]; do [ -e "$0/$1.state" ] || exit; sleep 0.05; done
  echo RUNNING > "$0/$1.state"; sh "$0/$1.sh" > "$0/$1.out" 2>&1 & echo $! > "$0/$1.pid"; wait $!; echo $? > "$0/$1.code"; rm -f "$0/$1.state"' "$STATE" $id > /dev/null 2>&1 < /dev/null &
echo $id
`,
  squeue: `
[ "$*" = "--me --noheader --format=%i|%j|%T" ] || { echo "squeue: unrecognized option in '$*'" >&2; exit 1; }
echo "99|somebody-elses|RUNNING"
for file in "$STATE"/*.state; do
  [ -e "$file" ] || continue
  id=$(basename "$file" .state); echo "$id|$(cat "$STATE/$id.name")|$(cat "$file" 2>/dev/null)"
done
`,
  scancel: `
echo "$@" >> "$STATE/scancel"
if [ "$1" = --batch ]; then
  [ "$2" = --signal=TERM ] || exit 1
  [ "$(cat "$STATE/$3.state" 2>/dev/null)" = RUNNING ] || { echo "scancel: error: Kill job error on job id $3: Job not running" >&2; exit 1; }
  kill -TERM "$(cat "$STATE/$3.pid")"
else
  [ -e "$STATE/$1.state" ] || { echo "scancel: error: Invalid job id $1" >&2; exit 1; }
  rm -f "$STATE/$1.state"
fi
`,
};

/** Kubernetes: a Job's container runs as a process; deleting the Job sends it SIGTERM. */
export const KUBECTL: { readonly [name: string]: string } = {
  kubectl: `exec '${process.execPath}' "$(dirname "$0")/kubectl.mjs" "$STATE" "$@"\n`,
};

/** What `kubectl` runs. */
export const KUBECTL_PROGRAM = `
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
const [state, verb, ...rest] = process.argv.slice(2);
appendFileSync(state + "/calls", [verb, ...rest].join(" ") + "\\n");
const fail = (text) => { console.error(text); process.exit(1); };
const namespace = rest.find((arg) => arg.startsWith("--namespace="));
if (namespace !== "--namespace=work") fail("error: wrong namespace");
const isJob = (file) => file.endsWith(".job");
if (verb === "create") {
  const job = JSON.parse(readFileSync(0, "utf8"));
  const { name } = job.metadata;
  if (existsSync(state + "/" + name + ".job")) fail('Error from server (AlreadyExists): jobs.batch "' + name + '" already exists');
  const [container] = job.spec.template.spec.containers;
  const args = container.args.map((arg) => arg.replace("$(POD_IP)", "127.0.0.1"));
  const out = openSync(state + "/" + name + ".out", "w");
  const child = spawn("graphvm", args, { detached: true, stdio: ["ignore", out, out] });
  child.unref();
  writeFileSync(state + "/" + name + ".job", JSON.stringify({ ...job, pid: child.pid }));
  console.log("job.batch/" + name + " created");
} else if (verb === "get") {
  const [label, value] = rest.find((arg) => arg.startsWith("--selector=")).slice(11).split("=");
  const alive = (pid) => { try { process.kill(pid, 0); return true; } catch { return false; } };
  const items = readdirSync(state).filter(isJob).map((file) => JSON.parse(readFileSync(state + "/" + file, "utf8")));
  const mine = items.filter(({ metadata }) => metadata.labels[label] === value);
  console.log(JSON.stringify({ kind: "List", items: mine.map(({ pid, ...job }) => ({
    ...job, status: alive(pid) ? { active: 1 } : { conditions: [{ type: "Complete", status: "True" }] } })) }));
} else if (verb === "delete") {
  const file = state + "/" + rest[1] + ".job";
  if (rest[0] !== "job") fail("error: what?");
  if (existsSync(file)) {
    try { process.kill(JSON.parse(readFileSync(file, "utf8")).pid, "SIGTERM"); } catch {}
    rmSync(file);
  }
} else fail("error: unknown command " + verb);
`;
