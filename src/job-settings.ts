/** What a job asks for, from the flags: waiting, pausing after its run, and the limit on its run. */
import type { Millis } from "./core/types.ts";
import type { JobOptions, ScheduleOptions } from "./options.ts";
import type { Settings } from "./settings.ts";
import * as value from "./values.ts";

type Read = <T>(name: string, as: (given: value.Given) => T) => T | undefined;

/** As flock's: what the commands that people protect use for "it did not work". */
const conflictExitCode = 1;

/** Throws UsageError. */
export function jobOptions(read: Read, settings: Settings): JobOptions {
  const wait = waitOf(read, settings);
  const code = settings.get("conflict-exit-code");
  if (wait === null && code?.by.startsWith("-"))
    throw new value.UsageError(
      `${code.by} was given, but without --wait or --nonblock the candidate waits for ever and there is no conflict; add one of them, or leave ${code.by} out`,
    );
  return {
    wait,
    conflictExitCode: read("conflict-exit-code", value.exitCodeValue) ?? conflictExitCode,
    conflictExpected: code !== undefined,
    holdAtLeast: read("hold-at-least", value.durationValue) ?? 0,
    maxRun: read("max-run", value.durationValue) || Infinity,
    once: onceOf(read, settings),
    schedule: scheduleOf(read, settings),
  };
}

function onceOf(read: Read, settings: Settings): JobOptions["once"] {
  const key = read("once", value.keyValue);
  const ttl = read("once-ttl", value.spanValue);
  if (key !== undefined) return { key, ttl: ttl ?? Infinity };
  const { by } = settings.get("once-ttl") ?? { by: "" };
  if (ttl === undefined || !by.startsWith("-")) return null;
  throw new value.UsageError(
    `${by} was given, but without --once nothing is recorded that could be forgotten; add --once KEY, or leave ${by} out`,
  );
}

/** null: for ever; 0: not at all. */
function waitOf(read: Read, settings: Settings): Millis | null {
  const wait = read("wait", value.durationValue) ?? null;
  if (read("nonblock", value.booleanValue) !== true) return wait;
  if (wait !== null && wait > 0)
    throw new value.UsageError(
      `${settings.get("nonblock")?.by ?? ""} does not wait, and ${settings.get("wait")?.by ?? ""} ${settings.get("wait")?.text ?? ""} does; give one of the two`,
    );
  return 0;
}

/** What has no meaning beside a schedule: a release ends no run there, and a key would end the schedule. */
const contradictions = {
  once: "records one run for ever, and",
  "hold-at-least": "counts from the acquisition, but",
};

/** The expression itself is read later, by what only a schedule needs (bundles/schedule.ts). */
function scheduleOf(read: Read, settings: Settings): ScheduleOptions | null {
  const expression = settings.get("schedule");
  if (expression === undefined) {
    const alone = [settings.get("time-zone"), settings.get("catch-up")].find((each) => each?.by.startsWith("-"));
    if (alone === undefined) return null;
    throw new value.UsageError(`${alone.by} was given, but no --schedule that it could mean; add one, or leave it out`);
  }
  for (const [name, why] of Object.entries(contradictions)) {
    const other = settings.get(name);
    if (other !== undefined)
      throw new value.UsageError(
        `${other.by} ${why} ${expression.by} runs the command again and again; leave one of the two out`,
      );
  }
  return {
    expression,
    timeZone: settings.get("time-zone") ?? null,
    catchUp: read("catch-up", (given) => value.choiceValue(given, ["none", "last"] as const)) ?? "none",
  };
}
