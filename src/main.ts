/** The composition root: options, world, run, closing line and exit code. */
import { createHash, randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { endsStandby, initial, initialDirect } from "./core/lifecycle.ts";
import { closing, exitFailed, type Closing } from "./core/outcome.ts";
import type { Patience } from "./core/job.ts";
import type { Candidate, LogLine, Outcome } from "./core/types.ts";
import { commandEnvironment, type CommandFacts } from "./environment.ts";
import { createClock } from "./io/clock.ts";
import { ProcessRunner } from "./io/command-runner.ts";
import { StderrLog } from "./io/log.ts";
import { noStore, openStore } from "./io/open-store.ts";
import { createSignals } from "./io/signals.ts";
import { createTimer } from "./io/timer.ts";
import { openHealth, type Health } from "./health.ts";
import type { Options } from "./options.ts";
import { checkCommand, checkMachine } from "./preflight.ts";
import { run } from "./run.ts";
import { startLine } from "./start-line.ts";
import { LocalTrouble } from "./world.ts";

const { env } = process;
const clock = createClock();
const startedAt = clock.now();

/** Runs the command as the options say; resolves with our exit code when nothing is left to be done. Never rejects. */
export async function runCommand(options: Options): Promise<number> {
  const log = new StderrLog({ level: options.logLevel, format: options.logFormat, context: {} }, () => clock.wall());
  const internalError = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.print({ level: "error", message: `internal error, please report it: ${text}`, fields: {} });
    process.exit(exitFailed); // the last resort and the guard kill the tree; the Lease is left to expire
  };
  process.on("uncaughtException", internalError).on("unhandledRejection", internalError);
  const { code, level, message, isExpected } = await closingOf(options, log);
  if (!options.quiet) log.write({ level, message, fields: { exitCode: code } });
  else if (!isExpected) log.print({ level, message, fields: { exitCode: code } });
  // A write that hangs would keep the process from exiting for as long as nobody empties the pipe.
  if (!(await log.drain(1_000))) process.kill(process.pid, "SIGKILL");
  return code;
}

/** Runs to the end, and says how it was. */
async function closingOf(options: Options, log: StderrLog): Promise<Closing & { isExpected: boolean }> {
  try {
    const signals = createSignals();
    for (const message of checkMachine(options, process.platform, env))
      log.write({ level: "warn", message, fields: {} });
    const failure = checkCommand(options, env);
    const health = await openHealth(options, clock, log);
    const outcome: Outcome =
      failure === null
        ? await (options.election ? elect : runDirectly)(options, signals, log, health)
        : { kind: "command-not-started", failure };
    health.close();
    const { lostExitCode: lost, job } = options;
    const isExpected = expected.has(outcome.kind) || (outcome.kind === "not-acquired" && job.conflictExpected);
    const once = options.election && job.once !== null;
    return { ...closing(outcome, { lost, conflict: job.conflictExitCode, once }), isExpected };
  } catch (error) {
    if (error instanceof LocalTrouble)
      return { code: exitFailed, level: "error", message: error.message, isExpected: false };
    throw error;
  }
}

/** What nobody has to be told of with --quiet. */
const expected = new Set<Outcome["kind"]>(["command-ended", "recorded", "done-before"]);

type Signals = ReturnType<typeof createSignals>;

async function elect(options: Options, signals: Signals, log: StderrLog, health: Health): Promise<Outcome> {
  const base = options.identity ?? (env["POD_NAME"] || hostname());
  const identity = `${base}_${randomBytes(4).toString("hex")}`;
  const opened = await beforeSignal(signals, openStore(options, clock, env));
  if ("kind" in opened) return opened;
  const { store, namespace } = opened;
  log.about({ lease: `${namespace}/${options.leaseName}`, identity });
  log.write(startLine(options, store.description, namespace, identity));
  const runner = newRunner(options, { leaseName: options.leaseName, leaseNamespace: namespace, identity }, log);
  const lease = { namespace, name: options.leaseName };
  const around = health.around({ ...world(signals, log), store, command: runner }, identity, lease);
  const running = run(around, candidate(options, identity, namespace), initial);
  // The first request is on its way: time to do what a hand-over must not wait for. A failure is told by the start.
  setImmediate(() => void runner.prepare().catch(() => undefined));
  const outcome = await running;
  runner.close();
  store.close();
  return outcome;
}

/** Nothing is running yet: a signal that would end a standby ends us at once, whatever the store is waiting for. */
function beforeSignal<T>(signals: Signals, opening: Promise<T>): Promise<T | (Outcome & { kind: "stopped-standby" })> {
  const stopped = new Promise<Outcome & { kind: "stopped-standby" }>((resolve) => {
    signals.listen((signal) => {
      if (endsStandby(signal)) resolve({ kind: "stopped-standby", signal });
    });
  });
  return Promise.race([opening, stopped]);
}

async function runDirectly(options: Options, signals: Signals, log: StderrLog, health: Health): Promise<Outcome> {
  const message =
    "leader election is off, the command runs directly; add --enable-leader-election to run it only while holding a Lease";
  log.write({ level: "warn", message, fields: {} });
  const runner = newRunner(options, { leaseName: "", leaseNamespace: "", identity: "" }, log);
  const direct = health.around({ ...world(signals, log), store: noStore, command: runner }, "", null);
  const outcome = await run(direct, candidate(options, "", ""), () => initialDirect);
  runner.close();
  return outcome;
}

function newRunner(options: Options, facts: Omit<CommandFacts, "runId">, log: StderrLog): ProcessRunner {
  const runId = randomBytes(12).toString("hex");
  const environment = (lease: Parameters<typeof commandEnvironment>[1]) =>
    commandEnvironment(env, lease, { ...facts, runId });
  const { command, guard, processTree } = options;
  const tell = (line: LogLine): void => log.write(line);
  return new ProcessRunner({ command, environment, runId, guard, processTree, tell, clock });
}

function world(signals: Signals, log: StderrLog) {
  return { clock, signals, log, random: Math.random, wakeIn: createTimer() };
}

function candidate(options: Options, identity: string, namespace: string): Candidate {
  const { timing, stopSignal, stopSignalReplacesTerm, job, leaseName } = options;
  const { wait, holdAtLeast, maxRun } = job;
  const patience: Patience =
    wait === null
      ? { kind: "endless" }
      : wait === 0
        ? { kind: "none" }
        : { kind: "limited", until: startedAt + wait, span: wait };
  const once =
    job.once === null ? null : { ...job.once, hash: hashOf(job.once.key), lease: `${namespace}/${leaseName}` };
  return { identity, timing, stopSignal, stopSignalReplacesTerm, job: { patience, holdAtLeast, maxRun, once } };
}

/** What stands for a key of --once in the record: 128 bits of its SHA-256 (FIPS 180-4), 22 characters. */
function hashOf(key: string): string {
  return createHash("sha256").update(key).digest().subarray(0, 16).toString("base64url");
}
