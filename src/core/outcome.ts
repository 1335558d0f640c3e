/** How a run ended, as an exit code and as the closing line; the only place that knows exit codes. */
import { seconds } from "./sentences.ts";
import type { CommandEnd, LossCause, Outcome, Released } from "./types.ts";

/** The exit code table of --help and README (DESIGN section 3; 124 to 127 as coreutils' timeout, 64 and 75 as sysexits.h). */
export const exitCodes = [
  { code: "the command's", meaning: "the command ended by itself" },
  { code: "128+n", meaning: "the command died of signal n, or leader-exec was stopped by it while standing by" },
  { code: "126", meaning: "the command is not executable" },
  { code: "127", meaning: "the command was not found" },
  { code: "125", meaning: "leader-exec itself failed: configuration, API not usable at start, internal error" },
  { code: "64", meaning: "usage" },
  { code: "75", meaning: "leadership was lost and the command was stopped (--lost-exit-code)" },
] as const;

export const exitUsage = 64;
export const exitFailed = 125;

/** The last thing a run says and does. `byItself`: the command's own end, which `--quiet` does not mention. */
export interface Closing {
  readonly code: number;
  readonly level: "info" | "warn" | "error";
  readonly message: string;
}

/** The closing line and the exit code of an outcome. */
export function closing(outcome: Outcome, lostExitCode: number): Closing {
  switch (outcome.kind) {
    case "command-ended":
      return {
        code: codeOf(outcome.end),
        level: "info",
        message: `the command ${endOf(outcome.end)}${releasedAs(outcome.released)}`,
      };
    case "command-not-started": {
      const code = { "not-found": 127, "not-executable": 126, "no-guard": exitFailed, failed: exitFailed }[
        outcome.failure.reason
      ];
      return { code, level: "error", message: outcome.failure.message };
    }
    case "lost":
      return {
        code: lostExitCode,
        level: "warn",
        message: `leadership was lost (${causeOf(outcome.cause)}) and the command was stopped; start leader-exec again to stand by`,
      };
    case "stopped":
      return {
        code: codeOf(outcome.end),
        level: "warn",
        message: `stopped by ${outcome.signal.name}: the command ${endOf(outcome.end)}${releasedAs(outcome.released)}`,
      };
    case "stopped-standby":
      return {
        code: 128 + outcome.signal.number,
        level: "warn",
        message: `stopped by ${outcome.signal.name} while standing by`,
      };
    case "start-trouble":
      return {
        code: exitFailed,
        level: "error",
        message: `gave up after ${seconds(outcome.waited)} in which the Lease could be neither read nor created (--startup-timeout): ${outcome.message}`,
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
    case "guard":
      return cause.message;
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
