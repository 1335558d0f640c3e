import { serverNow } from "./server-clock.ts";
import { isRecorded } from "./done.ts";
import type { StoredLease } from "./lease.ts";
import type { Ending, Stopping } from "./state.ts";
import type { Outcome, Released, Turn } from "./types.ts";

/** What a run comes to whose tree is gone. */
export function endingOf({ why, end, hold, elected }: Stopping, turn: Turn): Ending {
  const { once } = turn.me.job;
  switch (why.kind) {
    case "lost":
      return { kind: "lost", cause: why.cause };
    case "asked":
      return end === null
        ? { kind: "stopped-standby", signal: why.signal }
        : { kind: "stopped", signal: why.signal, end };
    case "overrun":
      return { kind: "overrun", limit: why.limit, end: end ?? unseenEnd };
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
      return { ...ending, released };
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
      return ending;
  }
}
