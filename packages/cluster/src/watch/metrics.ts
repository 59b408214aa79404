import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MasterSession } from "../master/session.js";
import type { SessionLog } from "../master/session-log.js";
import { VERSION } from "../protocol.js";
import type { Watch } from "./events.js";
import { addProcessMetrics } from "./process-metrics.js";
import { RuleLabels } from "./rule-labels.js";

/** Upper bounds of the duration histograms, in seconds. */
const SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300, 1800];

/** A master's metrics: a registry of its own, so that masters of one process do not mix. Names stand in docs/observability.md. */
export function masterMetrics(session: MasterSession, log: SessionLog, watch: Watch): Registry {
  const registry = new Registry();
  addState(registry, session);
  addJournal(registry, log);
  addEvents(registry, watch);
  addProcessMetrics(registry);
  return registry;
}

/** What is read when somebody asks. */
function addState(registry: Registry, session: MasterSession): void {
  const registers = [registry];
  new Gauge({
    name: "graphvm_info",
    help: "Always 1; the labels name versions.",
    labelNames: ["version", "node"],
    registers,
  }).set({ version: VERSION, node: process.version }, 1);
  new Gauge({
    name: "graphvm_uptime_seconds",
    help: "How long this master has been up.",
    registers,
    collect() {
      this.set(session.uptime);
    },
  });
  new Gauge({
    name: "graphvm_jobs",
    help: "Jobs of the session's graph, by state.",
    labelNames: ["state"],
    registers,
    collect() {
      const { waiting, running, done, failed } = session.runner.progress();
      for (const [state, jobs] of Object.entries({ waiting, running, done, failed })) this.set({ state }, jobs);
    },
  });
  new Gauge({
    name: "graphvm_workers",
    help: "Connected workers, by kind and state.",
    labelNames: ["kind", "state"],
    registers,
    collect() {
      this.reset();
      for (const kind of ["thread", "websocket", "nats"])
        for (const state of ["idle", "running"]) this.set({ kind, state }, 0);
      for (const { kind, state } of session.status().workers) this.inc({ kind, state });
    },
  });
  new Gauge({
    name: "graphvm_clients",
    help: "Connected clients.",
    registers,
    collect() {
      this.set(session.clients);
    },
  });
  new Gauge({
    name: "graphvm_value_bytes",
    help: "Bytes of values held by all processes, in memory and spilled to disk.",
    labelNames: ["where"],
    registers,
    collect() {
      const { held, spilled } = session.usage();
      this.set({ where: "memory" }, held);
      this.set({ where: "disk" }, spilled);
    },
  });
  new Counter({
    name: "graphvm_moved_bytes_total",
    help: "Bytes of values and inputs that one process fetched from another.",
    registers,
    collect() {
      this.reset();
      this.inc(session.usage().moved);
    },
  });
  new Counter({
    name: "graphvm_plane_left_bytes_total",
    help: "Bytes of values and inputs that processes of a plane sent to processes outside it.",
    labelNames: ["plane"],
    registers,
    collect() {
      this.reset();
      for (const [plane, { left }] of Object.entries(session.planes())) if (plane !== "") this.inc({ plane }, left);
    },
  });
}

function addJournal(registry: Registry, log: SessionLog): void {
  const registers = [registry];
  const counter = (name: string, help: string, value: () => number): void => {
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value());
      },
    });
  };
  counter("graphvm_journal_lines_total", "Calls in the session's journal.", () => log.journal.lines);
  counter("graphvm_journal_bytes_total", "Bytes of the session's journal.", () => log.journal.bytes);
  counter("graphvm_journal_syncs_total", "Times the journal was synced to disk.", () => log.journal.syncs);
  counter("graphvm_journal_sync_seconds_total", "Time those took.", () => log.journal.syncSeconds);
  new Gauge({
    name: "graphvm_journal_failed",
    help: "1 where the journal could not be written or synced: the session takes no more calls.",
    registers,
    collect() {
      this.set(log.journal.failed ? 1 : 0);
    },
  });
}

/** What is counted as it happens. */
function addEvents(registry: Registry, watch: Watch): void {
  const registers = [registry];
  const labels = new RuleLabels();
  const runs = new Counter({
    name: "graphvm_job_runs_total",
    help: "Runs of jobs on workers, by how they ended: finished, failed, missing (an input), gone (the worker).",
    labelNames: ["outcome"],
    registers,
  });
  for (const outcome of ["finished", "failed", "missing", "gone"]) runs.inc({ outcome }, 0);
  const seconds = new Histogram({
    name: "graphvm_job_seconds",
    help: "How long jobs ran that finished, by rule; rules after the first hundred share a label.",
    labelNames: ["rule"],
    buckets: SECONDS,
    registers,
  });
  const failed = new Counter({
    name: "graphvm_jobs_failed_total",
    help: "Jobs that were given up, and those that needed them.",
    registers,
  });
  const plans = new Histogram({
    name: "graphvm_plan_seconds",
    help: "How long expanding and cutting a graph took.",
    buckets: SECONDS,
    registers,
  });
  const refused = new Counter({
    name: "graphvm_refused_total",
    help: "Connections and requests that were refused, by reason.",
    labelNames: ["reason"],
    registers,
  });
  const joined = new Counter({ name: "graphvm_workers_joined_total", help: "Workers that joined.", registers });
  const left = new Counter({ name: "graphvm_workers_left_total", help: "Workers that left.", registers });
  watch.on((event) => {
    if (event.kind === "runEnded") {
      runs.inc({ outcome: event.outcome });
      if (event.outcome === "finished") seconds.observe({ rule: labels.of(event.rule) }, event.seconds);
    } else if (event.kind === "jobFailed") failed.inc(1 + event.others);
    else if (event.kind === "planned") plans.observe(event.seconds);
    else if (event.kind === "refused") refused.inc({ reason: event.reason });
    else if (event.kind === "workerJoined") joined.inc();
    else if (event.kind === "workerLeft") left.inc();
  });
}
