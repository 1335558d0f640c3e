/** From the values that were given to Options: the defaults, and what excludes what. */
import { constants } from "node:os";
import { announceOptions } from "./announce-settings.ts";
import { coordinatedOptions } from "./coordinated-settings.ts";
import { serverSlack } from "./core/server-taker.ts";
import type { Millis, Timing } from "./core/types.ts";
import { flags } from "./flags.ts";
import { healthOptions } from "./health-settings.ts";
import { jobOptions } from "./job-settings.ts";
import type { LogLevel, Options, StoreChoice } from "./options.ts";
import { deriveTiming, timingFlaw } from "./timing.ts";
import * as value from "./values.ts";

/** What was given, by flag name without dashes. */
export type Settings = ReadonlyMap<string, value.Given>;

/** Below Kubernetes' own 30 s, so that kubelet's SIGKILL never comes first. */
const terminationGracePeriod = 25_000;
const startupTimeout = 120_000;
/** EX_TEMPFAIL of sysexits.h: start it again. */
const lostExitCode = 75;

/** Throws UsageError. */
export function readOptions(command: Options["command"], settings: Settings): Options {
  const read = <T>(name: string, as: (given: value.Given) => T): T | undefined => {
    const given = settings.get(name);
    return given === undefined ? undefined : as(given);
  };
  const election = read("enable-leader-election", value.booleanValue) ?? false;
  const store = read("lease-store", storeValue) ?? { kind: "kubernetes" };
  const job = jobOptions(read, settings);
  const coordinated = election ? coordinatedOptions(read, settings) : null;
  const options: Options = {
    command,
    election,
    electionGiven: settings.has("enable-leader-election"),
    leaseName: read("lease-name", value.objectNameValue) ?? "leader-exec",
    leaseNamespace: read("lease-namespace", value.namespaceValue),
    identity: read("identity", value.identityValue),
    timing: timingOf(read, coordinated === null ? 0 : serverSlack),
    stopSignal: read("stop-signal", (given) => value.signalValue(given, constants.signals)) ?? "SIGTERM",
    stopSignalReplacesTerm: settings.has("stop-signal"),
    job,
    coordinated,
    lostExitCode: read("lost-exit-code", value.exitCodeValue) ?? lostExitCode,
    guard: (read("guard", (given) => value.choiceValue(given, ["on", "off"])) ?? "on") === "on",
    processTree:
      read("process-tree", (given) => value.choiceValue<Options["processTree"]>(given, ["auto", "cgroup", "proc"])) ??
      "auto",
    kubeconfig: read("kubeconfig", ({ text }) => text),
    context: read("context", ({ text }) => text),
    store,
    health: healthOptions(read, settings),
    announce: announceOptions(read),
    logFormat:
      read("log-format", (given) => value.choiceValue<Options["logFormat"]>(given, ["text", "json"])) ?? "text",
    ...loudness(read, job.wait === null ? "info" : "warn"),
  };
  if (!options.electionGiven) refuseForgottenFlag(settings);
  if (job.once !== null && options.lostExitCode === 0) refuseSilentLoss(settings);
  if (!election && job.schedule !== null)
    throw new value.UsageError(
      `${job.schedule.expression.by} was given but leader election is off, and a schedule is kept on the Lease; add --enable-leader-election, or leave ${job.schedule.expression.by} out`,
    );
  if (store.kind === "file") refuseClusterFlags(settings, options.announce.events);
  return options;
}

type Read = <T>(name: string, as: (given: value.Given) => T) => T | undefined;

function timingOf(read: Read, reserve: Millis): Timing {
  const given = {
    leaseDuration: read("lease-duration", value.durationValue),
    renewDeadline: read("renew-deadline", value.durationValue),
    retryPeriod: read("retry-period", value.durationValue),
    killAfter: read("kill-after", value.durationValue),
  };
  const timing = deriveTiming(given, reserve);
  const flaw = timingFlaw(timing, reserve);
  if (flaw !== null) throw new value.UsageError(flaw);
  return {
    ...timing,
    terminationGracePeriod: read("termination-grace-period", value.durationValue) ?? terminationGracePeriod,
    startupTimeout: read("startup-timeout", value.durationValue) ?? startupTimeout,
  };
}

export function storeValue(given: value.Given): StoreChoice {
  if (given.text === "kubernetes") return { kind: "kubernetes" };
  const directory = given.text.startsWith("file:") ? given.text.slice("file:".length) : "";
  if (directory === "")
    throw value.wrong(given, "is no lease store; give kubernetes, or file: and a folder, as in file:/run/leases");
  // Each working folder would have a store of its own.
  if (/^~(\/|$)/.test(directory))
    throw value.wrong(
      given,
      `means a folder called "~", which shells replace only at the beginning of a word; write file:$HOME${directory.slice(1)}`,
    );
  return { kind: "file", directory };
}

/** `usual`: cron mails whatever is printed, so jobs that wait for a limited time say less. */
function loudness(read: Read, usual: LogLevel): { logLevel: LogLevel; quiet: boolean } {
  const level = read("log-level", (given) => value.choiceValue<LogLevel>(given, ["error", "warn", "info", "debug"]));
  const verbose = read("verbose", value.booleanValue) ?? false;
  const quiet = read("quiet", value.booleanValue) ?? false;
  if (Number(verbose) + Number(quiet) + Number(level !== undefined) > 1)
    throw new value.UsageError("--log-level, --verbose (-v) and --quiet (-q) exclude each other; give one of them");
  return { quiet, logLevel: level ?? (quiet ? "error" : verbose ? "debug" : usual) };
}

/** A forgotten --enable-leader-election must not run a singleton job everywhere. */
function refuseForgottenFlag(settings: Settings): void {
  const given = flags.filter(({ election }) => election).flatMap(({ name }) => settings.get(name) ?? []);
  const [first] = given;
  if (first === undefined) return;
  throw new value.UsageError(
    `${first.by} was given but leader election is off; add --enable-leader-election, or --enable-leader-election=false to run without it`,
  );
}

/** 0 means done, with --once. */
function refuseSilentLoss(settings: Settings): void {
  const [once, code] = [settings.get("once")?.by ?? "", settings.get("lost-exit-code")?.by ?? ""];
  throw new value.UsageError(
    `${code} 0 and ${once} contradict each other: a run that was lost would look like one that is done; give ${code} another code`,
  );
}

export function refuseClusterFlags(settings: Settings, events = false): void {
  const names = ["kubeconfig", "context", "label-pod", ...(events ? ["events"] : [])];
  const given = names.map((name) => settings.get(name)).find((each) => each?.by.startsWith("--"));
  if (given === undefined) return;
  throw new value.UsageError(
    `${given.by} was given but --lease-store file:DIR uses no cluster; leave one of the two out`,
  );
}
