/** How a run ended, as an exit code and as the closing line; the only place that knows exit codes. */
import type { Obstacle, Patience } from "./job.ts";
import { closingOfOnce } from "./once-closing.ts";
import { seconds } from "./sentences.ts";
import type { CommandEnd, LossCause, Outcome, Released } from "./types.ts";

/** The exit code table of --help and README (124 to 127 as coreutils' timeout, 64 and 75 as sysexits.h). */
export const exitCodes = [
  { code: "the command's", meaning: "the command ended by itself" },
  { code: "128+n", meaning: "the command died of signal n, or leader-exec was stopped by it while no command ran" },
  { code: "126", meaning: "the command is not executable" },
  { code: "127", meaning: "the command was not found" },
  { code: "124", meaning: "the command ran past its limit and was stopped (--max-run)" },
  { code: "125", meaning: "leader-exec itself failed: configuration, API not usable at start, internal error" },
  { code: "64", meaning: "usage" },
  {
    code: "75",
    meaning:
      "leadership was lost and the command was stopped, a job was asked to step down, or the success of --once could not be recorded (--lost-exit-code)",
  },
  { code: "1", meaning: "the Lease was not acquired in the time allowed (--conflict-exit-code)" },
] as const;

export const exitUsage = 64;
export const exitFailed = 125;
const exitOverrun = 124;

/** The codes that a user can choose, and what decides on others. */
export interface ChosenCodes {
  readonly lost: number;
  readonly conflict: number;
  /** `--once`: a command that was stopped has not succeeded, whatever it says. */
  readonly once: boolean;
}

/** The last thing a run says and does. `byItself`: the command's own end, which `--quiet` does not mention. */
export interface Closing {
  readonly code: number;
  readonly level: "info" | "warn" | "error";
  readonly message: string;
}

/** The closing line and the exit code of an outcome. */
export function closing(outcome: Outcome, codes: ChosenCodes): Closing {
  switch (outcome.kind) {
    case "command-ended":
      return {
        code: codeOf(outcome.end),
        level: "info",
        message: `the command ${endOf(outcome.end)}${releasedAs(outcome.released)}`,
      };
    case "recorded":
    case "unrecorded":
    case "done-before":
    case "once-refused":
      return closingOfOnce(outcome, { failed: exitFailed, lost: codes.lost });
    case "command-not-started": {
      const code = { "not-found": 127, "not-executable": 126, "no-guard": exitFailed, failed: exitFailed }[
        outcome.failure.reason
      ];
      return { code, level: "error", message: outcome.failure.message };
    }
    case "lost":
      return {
        code: codes.lost,
        level: "warn",
        message: `leadership was lost (${causeOf(outcome.cause)}) ${outcome.idle ? "while no command ran" : "and the command was stopped"}; start leader-exec again to stand by`,
      };
    case "stopped":
      return {
        code: codeOf(outcome.end) === 0 && codes.once ? 128 + outcome.signal.number : codeOf(outcome.end),
        level: "warn",
        message: `stopped by ${outcome.signal.name}: the command ${endOf(outcome.end)}${releasedAs(outcome.released)}${codes.once ? "; a run that was stopped is not recorded as done (--once)" : ""}`,
      };
    case "stopped-standby":
      return {
        code: 128 + outcome.signal.number,
        level: "warn",
        message: `stopped by ${outcome.signal.name} while standing by`,
      };
    case "stopped-idle":
      return {
        code: 128 + outcome.signal.number,
        level: "warn",
        message: `stopped by ${outcome.signal.name} while no command ran${releasedAs(outcome.released)}`,
      };
    case "unreadable-tick":
      return {
        code: exitFailed,
        level: "error",
        message: `the Lease's annotation leader-exec/last-tick, "${outcome.text}", is no time, so nobody knows which ticks were run; correct it (2026-03-29T01:00:00Z), or remove it to begin with the next tick`,
      };
    case "stepped-down":
      return {
        code: codes.lost,
        level: "warn",
        message: `stepped down as somebody asked (leader-exec step-down)${outcome.end === null ? "" : `: the command ${endOf(outcome.end)}`}${releasedAs(outcome.released)}; start leader-exec again to try once more`,
      };
    case "overrun":
      return {
        code: exitOverrun,
        level: "warn",
        message: `the command ran longer than ${seconds(outcome.limit)} (--max-run) and was stopped: it ${endOf(outcome.end)}${releasedAs(outcome.released)}`,
      };
    case "not-acquired":
      return {
        code: codes.conflict,
        level: "warn",
        message: `the command was not run${waitedAs(outcome.patience)}: ${obstacleOf(outcome.obstacle)}`,
      };
    case "start-trouble":
      return {
        code: exitFailed,
        level: "error",
        message: `gave up after ${seconds(outcome.waited)} without getting at the Lease (${outcome.limit}): ${outcome.message}`,
      };
  }
}

/** The exit code of a command, as a shell reports it. */
export function codeOf(end: CommandEnd): number {
  return end.kind === "exited" ? end.code : 128 + end.number;
}

/** "exited with code 3", "died of SIGKILL". */
export function endOf(end: CommandEnd): string {
  return end.kind === "exited" ? `exited with code ${end.code}` : `died of ${end.signal}`;
}

/** Why leadership was lost, as the inside of a sentence. */
export function causeOf(cause: LossCause): string {
  switch (cause.kind) {
    case "renew-deadline": {
      const because = cause.failure === null ? "no renewal was answered" : cause.failure;
      return `no renewal succeeded for ${seconds(cause.after)}: ${because}`;
    }
    case "late":
      return "leader-exec did not run for so long that the lease was about to expire";
    case "other-holder":
      return cause.holder === "" ? "somebody else has taken the Lease" : `${cause.holder} is the holder`;
    case "clock":
      return `the clock of the API server is ${seconds(cause.ahead)} ahead of ours, and it elects by its time of day, which leaves a command no time; set the clocks right (NTP)`;
    case "guard":
      return cause.message;
  }
}

function waitedAs(patience: Patience): string {
  return patience.kind === "limited" ? ` because the Lease was not free within ${seconds(patience.span)} (--wait)` : "";
}

function obstacleOf(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "held": {
      const age = obstacle.heldFor === null ? "" : ` for ${seconds(obstacle.heldFor)} now`;
      return `${obstacle.holder} has held the Lease${age}`;
    }
    case "held-back":
      return `the last run was so short that nobody runs for another ${seconds(obstacle.left)} (--hold-at-least); to run now, remove the annotation leader-exec/hold-until from the Lease`;
    case "overtaken":
      return "somebody else was faster, and is done already";
    case "late":
      return "it became free too late to be taken";
    case "unclear":
      return "its last holder may still be at work, since nobody has seen it end";
  }
}

function releasedAs(released: Released): string {
  switch (released) {
    case "released":
      return "; the Lease is released";
    case "not-released":
      return "; the Lease could not be released, others have to wait until it expires";
    case "not-ours":
      return "; the Lease is not ours any more";
    case "no-lease":
      return "";
  }
}
