/** The only importer of croner, bundled apart: only a run with --schedule needs it. */
import { Cron } from "croner";
import type { Millis } from "../core/types.ts";
import { cronFault } from "../cron-fault.ts";
import type { Given } from "../values.ts";
import type { Ticks } from "../world.ts";

/** A schedule that was understood. */
export interface ReadSchedule {
  readonly ticks: Ticks;
  /** As people should see it: "schedule "0 3 * * *" in Europe/Berlin". */
  readonly description: string;
}

/**
 * Reads an expression of five fields, or of six with the second first, or the sentence about what is wrong with it. Clock changes are
 * treated as cron(8) does (Vixie): a fixed time that is skipped comes when the clock has jumped, and one that comes twice is
 * taken once; intervals (a star or a step in hour, minute or second) follow the clock on the wall.
 */
export function readSchedule(expression: Given, timeZone: Given | null, now: Millis): ReadSchedule | string {
  const zone = timeZone?.text ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (!isZone(zone)) {
    const example = "give a name of the IANA time zone database, for example Europe/Berlin or UTC";
    if (timeZone !== null) return `${timeZone.by} "${timeZone.text}" is no time zone that is known here; ${example}`;
    return `the time zone of this process (TZ=${process.env["TZ"] ?? ""}) is not known; ${example}, by --time-zone or in TZ`;
  }
  const newCron = (text: string): Cron =>
    new Cron(text, { timezone: zone, mode: "5-or-6-parts", fixedTimeRule: "no-wildcard" });
  const fault = cronFault(expression.text, (text) => {
    try {
      newCron(text);
      return true;
    } catch {
      return false; // cronFault finds out what it is about
    }
  });
  if (fault !== null) return `${expression.by} "${expression.text}" ${fault}`;
  const ticks = ticksOf(newCron(expression.text));
  if (ticks.after(now) === Infinity)
    return `${expression.by} "${expression.text}" never comes: no month that it names has such a day; correct the day of the month or the month`;
  const source = timeZone === null ? " (of this process; --time-zone sets another)" : "";
  return { ticks, description: `schedule "${expression.text}" in ${zone}${source}` };
}

function isZone(zone: string | undefined): zone is string {
  if (zone === undefined || zone === "Etc/Unknown") return false; // what Node makes of a TZ that it does not know
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== "";
  } catch {
    return false;
  }
}

function ticksOf(cron: Cron): Ticks {
  return {
    after: (time) => cron.nextRun(new Date(time))?.getTime() ?? Infinity,
    // croner looks for what is earlier than a whole second.
    upTo: (time) => cron.previousRuns(1, new Date(Math.floor(time / 1_000) * 1_000 + 1_000))[0]?.getTime() ?? -Infinity,
  };
}
