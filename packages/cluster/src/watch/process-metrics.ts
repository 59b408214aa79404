import { Counter, Gauge, type Registry } from "prom-client";

/**
 * What Prometheus expects to know of a process. Not prom-client's own collection: that observes garbage collections and
 * the event loop for each registry and never stops, and a process may start thousands of masters.
 */
export function addProcessMetrics(registry: Registry): void {
  const registers = [registry];
  const gauge = (name: string, help: string, value: () => number): void => {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value());
      },
    });
  };
  new Counter({
    name: "process_cpu_seconds_total",
    help: "User and system CPU time of this process, its worker threads included, in seconds.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  const started = Date.now() / 1000 - process.uptime();
  gauge("process_start_time_seconds", "When this process started, in seconds since 1970.", () => started);
  gauge("process_resident_memory_bytes", "Memory of this process.", () => process.memoryUsage.rss());
  gauge("nodejs_heap_size_used_bytes", "Used heap of the main thread.", () => process.memoryUsage().heapUsed);
  gauge(
    "nodejs_external_memory_bytes",
    "Memory outside of the main thread's heap.",
    () => process.memoryUsage().external,
  );
  let before = performance.eventLoopUtilization();
  gauge(
    "nodejs_eventloop_utilization",
    "Share of the time since the last scrape in which the main thread was busy.",
    () => {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, before);
      before = now;
      return utilization;
    },
  );
}
