import type { Ending, Stopping } from "./state.ts";

/** What a run comes to whose tree is gone. */
export function endingOf({ why, end }: Stopping): Ending {
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
      return { kind: "command-ended", end: end ?? unseenEnd };
  }
}

const unseenEnd = { kind: "exited", code: 0 } as const;
