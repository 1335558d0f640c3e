/** Every metric: its name, its help and its labels; the only importer of prom-client. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { version } from "../version.ts";

/** Seconds: from a quick answer on a quick network to the longest that a request may take with the default times. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export type Metrics = ReturnType<typeof newMetrics>;

/** All of them, at nought. `lease`: null without election, and then there are none about a Lease. */
export function newMetrics(lease: string | null) {
  const registry = new Registry();
  const registers = [registry];
  const about = { registers, labelNames: ["name"] };
  const name = { name: lease ?? "" };
  const commandRuns = new Counter({
    name: "leader_exec_command_runs_total",
    help: "Runs of the command that ended, by exit code; 128+n: it died of signal n.",
    labelNames: ["exit_code"],
    registers,
  });
  const commandRunning = new Gauge({
    name: "leader_exec_command_running",
    help: "1 while the command runs here, from its start until its process tree is gone.",
    registers,
  });
  new Gauge({
    name: "leader_exec_build_info",
    help: "Always 1; the labels tell the versions of leader-exec and of Node.",
    labelNames: ["version", "node_version"],
    registers,
  }).set({ version, node_version: process.version }, 1);
  const common = {
    ran: (exitCode: number) => commandRuns.inc({ exit_code: String(exitCode) }),
    running: (is: boolean) => commandRunning.set(Number(is)),
    type: registry.contentType,
    text: () => registry.metrics(),
  };
  if (lease === null) return { ...common, lease: null };
  const status = new Gauge({
    name: "leader_election_master_status",
    help: "1 while this process leads, else 0; name is that of the Lease.",
    ...about,
  });
  const slowPath = new Counter({
    name: "leader_election_slowpath_total",
    help: "Renewals that had to read the Lease first.",
    ...about,
  });
  const acquisitions = new Counter({
    name: "leader_exec_acquisitions_total",
    help: "How often this process acquired the Lease.",
    ...about,
  });
  const transitions = new Gauge({
    name: "leader_exec_lease_transitions",
    help: "How often the Lease changed hands, as it says itself.",
    ...about,
  });
  const leading = new Counter({
    name: "leader_exec_leading_seconds_total",
    help: "Seconds for which this process led.",
    ...about,
  });
  const margin = new Gauge({
    name: "leader_exec_smallest_safety_margin_seconds",
    help: "Time that was left before the kill deadline when a renewal was confirmed: the least since the start.",
    ...about,
  });
  const renewals = new Counter({
    name: "leader_exec_renewals_total",
    help: "Renewals by result: confirmed, conflict, missing, or why they failed.",
    labelNames: ["name", "result"],
    registers,
  });
  const ticks = new Counter({
    name: "leader_exec_ticks_total",
    help: "Ticks of the schedule by result: run, not-started, skipped, missed.",
    labelNames: ["name", "result"],
    registers,
  });
  const requests = new Histogram({
    name: "leader_exec_request_duration_seconds",
    help: "Requests to the lease store by verb (get, create, update) and result (ok, conflict, missing, failed).",
    labelNames: ["verb", "result"],
    buckets,
    registers,
  });
  status.set(name, 0);
  for (const counter of [slowPath, acquisitions, leading]) counter.inc(name, 0);
  renewals.inc({ ...name, result: "confirmed" }, 0);
  return {
    ...common,
    lease: {
      leads: (is: boolean) => status.set(name, Number(is)),
      tookSlowPath: () => slowPath.inc(name),
      acquired: () => acquisitions.inc(name),
      transitions: (count: number) => transitions.set(name, count),
      ledFor: (seconds: number) => leading.inc(name, seconds),
      smallestMargin: (seconds: number) => margin.set(name, seconds),
      renewed: (result: string) => renewals.inc({ ...name, result }),
      ticked: (result: string, count: number) => ticks.inc({ ...name, result }, count),
      requested: (verb: string, result: string, seconds: number) => requests.observe({ verb, result }, seconds),
    },
  };
}
