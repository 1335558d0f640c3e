import { isRecorded, type Flaw } from "./done.ts";
import type { Obstacle, Once, Patience } from "./job.ts";
import type { StoredLease } from "./lease.ts";
import { serverNow } from "./server-clock.ts";
import type { Stopping } from "./state.ts";
import type {
  CommandEnd,
  LossCause,
  Millis,
  Outcome,
  Released,
  SignalName,
  StartFailure,
  StartTrouble,
  Turn,
} from "./types.ts";

/** What the outcome will be, apart from whether the Lease could be released. */
export type Ending =
  | { readonly kind: "command-ended"; readonly end: CommandEnd }
  /** A success of `--once`, to be recorded by the release. `at`: on the server's clock, at the earliest. */
  | { readonly kind: "succeeded"; readonly once: Once; readonly at: Millis }
  | { readonly kind: "done-before"; readonly once: Once; readonly at: Millis }
  | { readonly kind: "once-refused"; readonly once: Once; readonly flaw: Flaw }
  | { readonly kind: "command-not-started"; readonly failure: StartFailure }
  | { readonly kind: "lost"; readonly cause: LossCause; readonly idle: boolean }
  | { readonly kind: "stopped"; readonly signal: SignalName; readonly end: CommandEnd }
  | { readonly kind: "overrun"; readonly limit: Millis; readonly end: CommandEnd }
  /** As somebody asked on the Lease. `end` null: no command had been started; `to`: whom the server prefers, null: a user asked. */
  | { readonly kind: "stepped-down"; readonly end: CommandEnd | null; readonly to: string | null }
  | { readonly kind: "not-acquired"; readonly obstacle: Obstacle; readonly patience: Patience }
  | { readonly kind: "stopped-standby"; readonly signal: SignalName }
  | { readonly kind: "stopped-idle"; readonly signal: SignalName }
  | { readonly kind: "unreadable-tick"; readonly text: string }
  | StartTrouble;

/** What a run comes to whose tree is gone. */
export function endingOf({ why, end, hold, elected }: Stopping, turn: Turn): Ending {
  const { once } = turn.me.job;
  switch (why.kind) {
    case "lost":
      return { kind: "lost", cause: why.cause, idle: false };
    case "asked":
      return end === null
        ? { kind: "stopped-standby", signal: why.signal }
        : { kind: "stopped", signal: why.signal, end };
    case "overrun":
      return { kind: "overrun", limit: why.limit, end: end ?? unseenEnd };
    case "step-down":
      return { kind: "stepped-down", end, to: why.to };
    case "ended":
      // Not without election, where nothing is recorded.
      if (elected && once !== null && end?.kind === "exited" && end.code === 0)
        return { kind: "succeeded", once, at: hold === null ? turn.wall : serverNow(hold.server, turn) };
      return { kind: "command-ended", end: end ?? unseenEnd };
  }
}

const unseenEnd = { kind: "exited", code: 0 } as const;

/** The outcome, now that it is known what became of the Lease. `lease`: as last known; `message`: what was in the way. */
export function outcomeOf(
  ending: Ending,
  released: Released,
  lease: StoredLease | null,
  message: string | null,
): Outcome {
  switch (ending.kind) {
    case "command-ended":
    case "stopped":
    case "overrun":
    case "stopped-idle":
      return { ...ending, released };
    case "stepped-down":
      return { kind: ending.kind, end: ending.end, released };
    case "succeeded": {
      const { once } = ending;
      const done = lease?.record.done ?? null;
      if (isRecorded(done, ending)) return { kind: "recorded", once };
      const because = done === null || done.kind === "keys" ? { message } : done.kind;
      return { kind: "unrecorded", once, released, because };
    }
    case "command-not-started":
    case "lost":
    case "not-acquired":
    case "stopped-standby":
    case "start-trouble":
    case "done-before":
    case "once-refused":
    case "unreadable-tick":
      return ending;
  }
}
