/** `leader-exec doctor`: whether a run with these flags would do well, line by line. Changes nothing. */
import { flag, group } from "../flag.ts";
import { scheduleTold } from "../candidate-of.ts";
import { loadSchedule } from "../io/load-bundle.ts";
import { openCluster } from "../io/open-cluster.ts";
import { thisMachine, type ThisMachine } from "../io/this-machine.ts";
import { tryGuard } from "../io/try-guard.ts";
import type { Options } from "../options.ts";
import { askedRun } from "./asked-run.ts";
import { clusterFindings } from "./doctor-cluster.ts";
import { fileFindings } from "./doctor-files.ts";
import { machineFindings } from "./doctor-machine.ts";
import { exitCodeOf, exitProblem, exitWell, ok, problemOf, type Finding } from "./finding.ts";
import { jsonOf, summaryOf, textOf, type Page } from "./finding-text.ts";
import { timeoutOf } from "./lease-choice.ts";
import { outputFlag, outputOf } from "./output.ts";
import { rightsFlags, rightsOfRun } from "./run-rights.ts";
import { allFlags, type Asked, type Subcommand } from "./subcommand.ts";
import type { Terminal } from "./terminal.ts";

const forms = ["text", "json"] as const;
/** A guard starts in 30 ms; a machine that is starved of CPU gets a hundred times that. */
const guardLimit = 3_000;

export const doctor: Subcommand = {
  name: "doctor",
  groups: [
    group(
      "What to print",
      outputFlag(forms, "lines for people, or one JSON object"),
      flag("timeout", "T", "10s", "give up when the API server has not answered within this time"),
    ),
    ...allFlags.groups,
  ],
  shared: allFlags.names,
  mostOperands: 0,
  takesCommand: true,
  notes: [
    "Give it the flags and the command of the run, in the same place: in its pod, as its user. Each line is ok, a note (nothing\n" +
      "needs to be done) or a problem, with what to do.\n",
  ],
  exitCodes: [
    { code: String(exitWell), meaning: "no problem was found" },
    { code: String(exitProblem), meaning: "at least one line is a problem" },
    { code: "125", meaning: "what was found could not be written" },
    { code: "64", meaning: "usage" },
  ],
  examples: [
    "leader-exec doctor --lease-name my-job -- node worker.js",
    "kubectl exec deploy/worker -- leader-exec doctor --lease-name worker",
  ],
  answer,
};

async function answer(asked: Asked): Promise<number> {
  const { terminal, settings, env } = asked;
  const form = outputOf(settings, forms);
  const findings: Finding[] = [];
  const page = pageOf(terminal, env);
  for await (const finding of examined(asked)) {
    if (form === "text") terminal.print(textOf(finding, page, findings));
    findings.push(finding);
  }
  terminal.print(form === "text" ? `\n${summaryOf(findings)}` : jsonOf(findings));
  return exitCodeOf(findings);
}

async function* examined(asked: Asked): AsyncGenerator<Finding> {
  const { env, clock, settings } = asked;
  const run = askedRun(asked);
  const { options } = run;
  const limit = timeoutOf(asked);
  const machine = thisMachine();
  // Both take a while, and wait for each other no more than they must.
  const guard = options.guard ? tryGuard(`doctor-${machine.pid}`, guardLimit) : null;
  const opening = needsCluster(options) ? openCluster(options, clock, env) : null;
  yield* machineFindings(run, machine, env, guard);
  yield* scheduleFindings(options, clock);
  if (!options.election) return;
  const { store } = options;
  if (store.kind === "file") {
    yield* fileFindings({ options, directory: store.directory, clock, limit });
    return;
  }
  const opened = (await opening) ?? "there is no cluster to be asked";
  const check = {
    options,
    rights: rightsOfRun(options),
    rightsFlags: rightsFlags(settings),
    pod: podName(env, machine),
    clock,
    limit,
  };
  try {
    yield* clusterFindings(opened, check);
  } finally {
    if (typeof opened !== "string") opened.questions.close();
  }
}

async function* scheduleFindings({ job: { schedule } }: Options, clock: Asked["clock"]): AsyncGenerator<Finding> {
  if (schedule === null) return;
  const read = (await loadSchedule()).readSchedule(schedule.expression, schedule.timeZone, clock.wall());
  yield typeof read === "string" ? problemOf("schedule", read) : ok("schedule", scheduleTold(read, clock.wall()));
}

const needsCluster = ({ election, store }: Options): boolean => election && store.kind === "kubernetes";

function podName(env: Asked["env"], machine: ThisMachine): string {
  return env["POD_NAME"] || machine.hostname; // a pod's host name is its name
}

function pageOf(terminal: Terminal, env: Asked["env"]): Page {
  const { isInteractive } = terminal;
  const coloured = isInteractive && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return { width: isInteractive ? terminal.size().columns : null, coloured, checkWidth: "configuration".length };
}
