/** What a user is told about a schedule: every sentence in one place, as in report.ts. */
import { causeOf, endOf } from "./outcome.ts";
import type { Passed, Plan } from "./schedule.ts";
import { seconds } from "./sentences.ts";
import type { Leading } from "./state.ts";
import { formatTime } from "./time-of-day.ts";
import type { CommandEnd, Effect, LogLine, LossCause, Millis, Report } from "./types.ts";

/** `runs`, `failures`: of this leader, this one included. */
export type ScheduleReport =
  | { readonly kind: "next-tick"; readonly at: Millis }
  | { readonly kind: "tick-started"; readonly tick: Millis; readonly pid: number }
  | {
      readonly kind: "tick-ended";
      readonly tick: Millis;
      readonly end: CommandEnd | null;
      /** It ran past this limit and was stopped; null: it ended by itself. */
      readonly limit: Millis | null;
      readonly runs: number;
      readonly failures: number;
    }
  | {
      readonly kind: "tick-not-started";
      readonly tick: Millis;
      readonly message: string;
      readonly runs: number;
      readonly failures: number;
    }
  | { readonly kind: "ticks-skipped"; readonly passed: Passed; readonly why: "running" | "not-recorded" }
  /** `runs`: the tick that is run now; null: none. */
  | {
      readonly kind: "ticks-missed";
      readonly passed: Passed;
      readonly catchUp: "none" | "last";
      readonly runs: Millis | null;
    }
  | { readonly kind: "clock-behind"; readonly by: Millis; readonly lastTick: Millis }
  | { readonly kind: "lost-idle"; readonly cause: LossCause };

/** The command of a tick, or of no tick, was started. */
export function startedReport(plan: Plan | null, pid: number): Report {
  return plan === null || plan.current === null
    ? { kind: "started", pid }
    : { kind: "tick-started", tick: plan.current, pid };
}

/** Said once, at the acquisition. */
export function nextTickTold({ plan }: Leading): Effect {
  return { kind: "report", report: { kind: "next-tick", at: plan?.claim ?? plan?.next ?? Infinity } };
}

type Sentence = Omit<LogLine, "kind">;

/** What the line for a report says. */
export function scheduleSentence(report: ScheduleReport): Sentence {
  switch (report.kind) {
    case "next-tick": {
      const tick = formatTime(report.at);
      return line("info", `leading: the next tick is ${tick}`, { phase: "leading", tick });
    }
    case "tick-started": {
      const tick = formatTime(report.tick);
      return line("info", `started the command as pid ${report.pid} for the tick ${tick}`, { tick, pid: report.pid });
    }
    case "tick-ended": {
      const how =
        report.limit === null
          ? `the command ${ended(report.end)}`
          : `the command ran longer than ${seconds(report.limit)} (--max-run) and was stopped: it ${ended(report.end)}`;
      const failed = report.limit !== null || report.end?.kind !== "exited" || report.end.code !== 0;
      return verdict(report, failed, how, report.limit === null ? codeOf(report.end) : 124);
    }
    case "tick-not-started":
      return verdict(report, true, report.message, 125);
    case "ticks-skipped": {
      const why =
        report.why === "running"
          ? "the command of an earlier one was still running"
          : "it could not be recorded on the Lease before the next one came";
      return passedLine(`skipped ${countOf(report.passed)}: ${why}`, report.passed);
    }
    case "ticks-missed": {
      const then =
        report.runs === null
          ? "not run (--catch-up none)"
          : `not run; ${report.catchUp === "last" ? "the last one" : "the one that is due"}, ${formatTime(report.runs)}, runs now`;
      const why = "nobody was leading, or the clock was set forward";
      return passedLine(`missed ${countOf(report.passed)}: ${why}; ${then}`, report.passed);
    }
    case "clock-behind": {
      const tick = formatTime(report.lastTick);
      const help =
        "nothing runs before that; if a wrong clock made it, set the clock right and remove the annotation leader-exec/last-tick while nobody leads";
      return line("warn", `the clock here is ${seconds(report.by)} behind the last tick, ${tick}: ${help}`, { tick });
    }
    case "lost-idle":
      return line("warn", `lost leadership while no command ran: ${causeOf(report.cause)}`, {
        phase: "stopping",
        cause: report.cause.kind,
      });
  }
}

function verdict(
  { tick: at, runs, failures }: { tick: Millis; runs: number; failures: number },
  failed: boolean,
  how: string,
  exitCode: number,
): Sentence {
  const tick = formatTime(at);
  const fields = { tick, exitCode, runs, failures };
  if (!failed) return line("info", `the tick ${tick} is done: ${how}`, fields);
  return line(
    "warn",
    `the tick ${tick} failed: ${how} (${failures} of ${runs} runs failed); the next one runs`,
    fields,
  );
}

function passedLine(message: string, { count, last }: Passed): Sentence {
  return line("warn", message, { count, tick: formatTime(last) });
}

/** "the tick 2026-03-29T01:00:00Z", "5 ticks, the last of them 2026-03-29T01:00:00Z". */
function countOf({ count, isMore, last }: Passed): string {
  if (count === 1) return `the tick ${formatTime(last)}`;
  return `${isMore ? "more than " : ""}${count} ticks, the last of them ${formatTime(last)}`;
}

function ended(end: CommandEnd | null): string {
  return end === null ? "ended unseen" : endOf(end);
}

function codeOf(end: CommandEnd | null): number {
  return end === null ? 125 : end.kind === "exited" ? end.code : 128 + end.number;
}

function line(level: LogLine["level"], message: string, fields: LogLine["fields"]): Sentence {
  return { level, message, fields };
}
