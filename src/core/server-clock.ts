import { safeShare } from "./deadlines.ts";
import type { Millis, Turn } from "./types.ts";

/** The server's time of day (the only one that all candidates share), and when it was told, on our own clock. */
export interface ServerClock {
  readonly time: Millis;
  readonly at: Millis;
}

/** Our own time of day stands in for a server that tells none. */
export function serverClock(serverTime: Millis | undefined, turn: Turn): ServerClock {
  return { time: serverTime ?? turn.wall, at: turn.at };
}

/** What it is there now, at the earliest. */
export function serverNow({ time, at }: ServerClock, turn: Turn): Millis {
  return time + (turn.at - at) * safeShare;
}
