/** The composition root: options, world, run, closing line and exit code. */
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import type { ReadSchedule } from "./bundles/schedule.ts";
import { openAnnouncer } from "./announce.ts";
import { candidateOf, scheduleTold } from "./candidate-of.ts";
import { endsStandby, initial, initialDirect } from "./core/lifecycle.ts";
import { closing, exitFailed, type Closing } from "./core/outcome.ts";
import type { LogLine, Outcome } from "./core/types.ts";
import { createClock } from "./io/clock.ts";
import type { ProcessRunner } from "./io/command-runner.ts";
import { wantsColour } from "./io/log-form.ts";
import { StderrLog } from "./io/log.ts";
import { noStore, openStore } from "./io/open-store.ts";
import { loadCoordinated } from "./io/load-bundle.ts";
import { createSignals } from "./io/signals.ts";
import { RepeatingRunner } from "./io/repeating-runner.ts";
import { createTimer } from "./io/timer.ts";
import { openHealth, type Health } from "./health.ts";
import type { Options } from "./options.ts";
import { newRunner } from "./new-runner.ts";
import { orderFor } from "./order.ts";
import { checkCommand, checkMachine } from "./preflight.ts";
import { asObjectName, profileOf } from "./profile-of.ts";
import { run } from "./run.ts";
import { startLine } from "./start-line.ts";
import { LocalTrouble } from "./world.ts";

const { env } = process;
const clock = createClock();
const startedAt = clock.now();

/**
 * Runs the command as the options say; resolves with our exit code when nothing is left to be done. Never rejects.
 * @param schedule what the options' schedule means; null: there is none
 */
export async function runCommand(options: Options, schedule: ReadSchedule | null): Promise<number> {
  const { logLevel, logFormat: format } = options;
  const log = new StderrLog({ level: logLevel, format, colour: wantsColour(env), context: {} }, () => clock.wall());
  const internalError = (error: unknown): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.print({
      level: "error",
      kind: "internal-error",
      message: `internal error, please report it: ${text}`,
      fields: {},
    });
    process.exit(exitFailed); // the last resort and the guard kill the tree, and the guard has the Lease released
  };
  process.on("uncaughtException", internalError).on("unhandledRejection", internalError);
  const { code, level, message, outcome, isExpected } = await closingOf(options, schedule, log);
  const last: LogLine = { level, kind: "end", message, fields: { exitCode: code, outcome } };
  if (!options.quiet) log.write(last);
  else if (!isExpected) log.print(last);
  // A write that hangs would keep the process from exiting for as long as nobody empties the pipe.
  if (!(await log.drain(1_000))) process.kill(process.pid, "SIGKILL");
  return code;
}

/** Runs to the end, and says how it was. */
async function closingOf(
  options: Options,
  schedule: ReadSchedule | null,
  log: StderrLog,
): Promise<Closing & { outcome: Outcome["kind"] | "local-trouble"; isExpected: boolean }> {
  try {
    const signals = createSignals();
    for (const message of checkMachine(options, process.platform, env))
      log.write({ level: "warn", kind: "machine", message, fields: {} });
    const failure = checkCommand(options, env);
    const health = await openHealth(options, clock, log);
    const outcome: Outcome =
      failure === null
        ? await (options.election
            ? elect(options, schedule, signals, log, health)
            : runDirectly(options, signals, log, health))
        : { kind: "command-not-started", failure };
    health.close();
    const { lostExitCode: lost, job } = options;
    const isExpected = expected.has(outcome.kind) || (outcome.kind === "not-acquired" && job.conflictExpected);
    const once = options.election && job.once !== null;
    const told = closing(outcome, { lost, conflict: job.conflictExitCode, once });
    return { ...told, outcome: outcome.kind, isExpected };
  } catch (error) {
    if (error instanceof LocalTrouble)
      return { code: exitFailed, level: "error", message: error.message, outcome: "local-trouble", isExpected: false };
    throw error;
  }
}

/** What nobody has to be told of with --quiet. */
const expected = new Set<Outcome["kind"]>(["command-ended", "recorded", "done-before"]);

type Signals = ReturnType<typeof createSignals>;

async function elect(
  options: Options,
  schedule: ReadSchedule | null,
  signals: Signals,
  log: StderrLog,
  health: Health,
): Promise<Outcome> {
  const base = options.identity ?? (env["POD_NAME"] || hostname());
  const { coordinated } = options;
  const name = `${base}_${randomBytes(4).toString("hex")}`;
  const identity = coordinated === null ? name : asObjectName(name);
  const opened = await beforeSignal(signals, openStore(options, clock, env));
  if ("kind" in opened) return opened;
  const { store, namespace, aside, peer } = opened;
  log.about({ lease: `${namespace}/${options.leaseName}`, identity });
  const times = schedule === null ? null : scheduleTold(schedule, clock.wall());
  log.write(startLine(options, store.description, namespace, identity, times));
  const lease = { namespace, name: options.leaseName };
  const facts = { leaseName: lease.name, leaseNamespace: namespace, identity };
  const order = orderFor(options, namespace, identity, env);
  const newOne = (isFirst: boolean): ProcessRunner => newRunner({ options, facts, order, log, clock, env, isFirst });
  // Who waits for ever stands by again after stepping down.
  const repeats = schedule !== null || options.job.wait === null;
  const runner = repeats ? new RepeatingRunner(newOne, schedule !== null) : newOne(true);
  const announcer = await openAnnouncer(options, aside, { lease, identity }, clock, log);
  const elections =
    coordinated === null || peer === null
      ? null
      : (await loadCoordinated()).openCandidacy(
          { peer, clock, log, wakeIn: createTimer() },
          profileOf(coordinated, options, identity),
        );
  const parts = { ...world(signals, log), store, command: runner, ...(elections === null ? {} : { elections }) };
  const seen = health.around(parts, identity, lease);
  const running = run(announcer.around(seen), candidateOf(options, identity, namespace, schedule, startedAt), initial);
  // The first request is on its way: time to do what a hand-over must not wait for. A failure is told by the start.
  setImmediate(() => void runner.prepare().catch(() => undefined));
  const outcome = await running;
  runner.close();
  await elections?.leave();
  store.close();
  await announcer.close();
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

const notElected = { leaseName: "", leaseNamespace: "", identity: "" };

async function runDirectly(options: Options, signals: Signals, log: StderrLog, health: Health): Promise<Outcome> {
  const message =
    "leader election is off, the command runs directly; add --enable-leader-election to run it only while holding a Lease";
  log.write({ level: "warn", kind: "election-off", message, fields: {} });
  const runner = newRunner({ options, facts: notElected, order: null, log, clock, env, isFirst: true });
  const direct = health.around({ ...world(signals, log), store: noStore, command: runner }, "", null);
  const outcome = await run(direct, candidateOf(options, "", "", null, startedAt), () => initialDirect);
  runner.close();
  return outcome;
}

function world(signals: Signals, log: StderrLog) {
  return { clock, signals, log, random: Math.random, wakeIn: createTimer() };
}
