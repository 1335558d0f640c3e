/** What a user is told while leader-exec runs: every sentence in one place, what happened, to what, what to do. */
import { causeOf, endOf } from "./outcome.ts";
import { scheduleSentence } from "./schedule-report.ts";
import { seconds } from "./sentences.ts";
import type { AcquiredFrom, LogLine, Millis, Report } from "./types.ts";

/** The line for a report. */
export function lineOf(report: Report): LogLine {
  return { ...sentenceOf(report), kind: report.kind };
}

type Sentence = Omit<LogLine, "kind">;

function sentenceOf(report: Report): Sentence {
  switch (report.kind) {
    case "standing-by":
      if (report.waits !== "holder") return vacancy(report.waits, report.forAtMost);
      return report.holder === ""
        ? info(`standing by: the Lease is free in ${seconds(report.forAtMost)} at the latest`, { phase: "standby" })
        : info(`standing by: ${report.holder} is the holder`, { phase: "standby", holder: report.holder });
    case "acquired":
      return info(`acquired the Lease: ${origin[report.from]}`, {
        phase: "leading",
        cause: report.from,
        transitions: report.lease.record.transitions,
        fencingToken: report.lease.version,
      });
    case "next-tick":
    case "tick-started":
    case "tick-ended":
    case "tick-not-started":
    case "ticks-skipped":
    case "ticks-missed":
    case "clock-behind":
    case "lost-idle":
      return scheduleSentence(report);
    case "started":
      return info(`started the command as pid ${report.pid}`, { phase: "leading", pid: report.pid });
    case "unguarded":
      return warn(`the command runs on without a guard: ${report.message}`);
    case "renew-failed":
      return warn(`could not renew the Lease, ${seconds(report.left)} left to try: ${report.message}`);
    case "renewed-again":
      return info(`renewed the Lease again after ${seconds(report.after)} of trouble`);
    case "lost":
      return warn(`lost leadership: ${causeOf(report.cause)}; stopping the command`, {
        phase: "stopping",
        cause: report.cause.kind,
      });
    case "stopping": {
      const limit = `it has ${seconds(report.killIn)} to end by itself`;
      return info(`passed ${report.signal} on to the command: ${limit}`, { phase: "stopping", signal: report.signal });
    }
    case "step-down": {
      const asked =
        report.to === null
          ? `asked to step down (request ${report.id})`
          : `the server prefers ${report.to} as the holder, stepping down`;
      return report.signal === null
        ? info(`${asked}: no command runs, the Lease is being released`, { phase: "releasing" })
        : info(
            `${asked}: passed ${report.signal} on to the command, which has ${seconds(report.killIn)} to end by itself`,
            {
              phase: "stopping",
              signal: report.signal,
            },
          );
    }
    case "stepped-down": {
      const how = report.end === null ? "" : `; the command ${endOf(report.end)}`;
      const rests = report.span === 0 ? "" : `, and not contending for ${seconds(report.span)}`;
      return info(`stepped down${how}; standing by${rests}`, { phase: "standby" });
    }
    case "overrun":
      return warn(
        `the command has run for ${seconds(report.limit)} (--max-run): stopping it; SIGKILL follows in ${seconds(report.killIn)}`,
        { phase: "stopping" },
      );
    case "killing":
      return warn(`killing the process tree with SIGKILL: ${killReason[report.why]}`, {
        phase: "stopping",
        cause: report.why,
      });
    case "tree-alive": {
      const help =
        "look for processes in uninterruptible sleep (state D); the Lease is not released before they are gone";
      return warn(`the process tree is still there ${seconds(report.since)} after SIGKILL: ${help}`);
    }
    case "store-trouble":
      return warn(`${report.message} (trying again in ${seconds(report.retryIn)})`);
    case "unconfirmed":
      return warn(
        `the server elected us, and we could not confirm it for ${seconds(report.after)}: ${report.message}; no candidate for the next ${seconds(report.rest)}, so that it elects another one`,
      );
    case "store-recovered":
      return info("the Lease can be read again");
    case "watch-down": {
      const reason =
        report.reason === "forbidden"
          ? "there is no right to watch it (add the verb watch for this Lease to the Role)"
          : "the watch failed";
      return warn(
        `looking at the Lease every ${seconds(report.pollEvery)} to ${seconds(2.2 * report.pollEvery)}: ${reason}`,
      );
    }
    case "released": {
      if (report.released === "released") return info("released the Lease", { phase: "releasing" });
      const why = report.message === null ? "" : `: ${report.message}`;
      return warn(`could not release the Lease, others take over when it expires${why}`, { phase: "releasing" });
    }
  }
}

const origin: Readonly<Record<AcquiredFrom, string>> = {
  created: "there was none",
  deleted: "it had been deleted",
  released: "it was free",
  expired: "its holder let it expire",
  own: "an earlier request of ours had reached it",
  elected: "the server has elected us",
  unelected:
    "nobody held it for long, and the server elects nobody (is its controller on?), so it was taken the plain way",
};

function vacancy(waits: "pause" | "election" | "earlier", forAtMost: Millis): Sentence {
  if (waits === "pause")
    return info(
      `standing by: the last run was so short that nobody runs for another ${seconds(forAtMost)} (--hold-at-least)`,
      { phase: "standby" },
    );
  if (waits === "earlier")
    return info(
      `standing by: the server has elected us, but the holder before may still be at work for ${seconds(forAtMost)} (was the Lease deleted, or its holder cleared, by hand?)`,
      { phase: "standby" },
    );
  return info("standing by: nobody holds the Lease, and the server is to elect one of its candidates", {
    phase: "standby",
  });
}

const killReason = {
  "grace-over": "its time to end by itself is over",
  deadline: "the lease is about to expire",
  "other-holder": "there is no time left, somebody else holds the Lease",
  "second-signal": "asked to stop a second time",
  "no-guard": "no guard watches it any more",
} as const;

function info(message: string, fields: LogLine["fields"] = {}): Sentence {
  return { level: "info", message, fields };
}

function warn(message: string, fields: LogLine["fields"] = {}): Sentence {
  return { level: "warn", message, fields };
}
