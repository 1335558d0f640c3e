/** How far the server's clock is from ours, as far as answers can tell. Pure. */
import type { Millis } from "../core/types.ts";

/** Times of day: when a request was sent and its answer received, by our clock, and the answer's `Date`. */
export interface ClockSample {
  readonly sentAt: Millis;
  readonly receivedAt: Millis;
  readonly serverTime: Millis;
}

/** The server's clock minus ours is somewhere in here. */
export interface ClockOffset {
  readonly least: Millis;
  readonly most: Millis;
}

/** `Date` has whole seconds (RFC 9110), cut off: what it says began at most a second before the server wrote it. */
const second: Millis = 1_000;

/** Each answer allows a range; all of them together a smaller one. Null without an answer. */
export function clockOffset(samples: readonly ClockSample[]): ClockOffset | null {
  if (samples.length === 0) return null;
  const least = Math.max(...samples.map(({ serverTime, receivedAt }) => serverTime - receivedAt));
  const most = Math.min(...samples.map(({ serverTime, sentAt }) => serverTime + second - sentAt));
  return { least: Math.min(least, most), most: Math.max(least, most) }; // one of the clocks was set meanwhile
}

/** What it is at least, whichever way it goes. */
export function certainOffset({ least, most }: ClockOffset): Millis {
  if (least <= 0 && most >= 0) return 0;
  return Math.min(Math.abs(least), Math.abs(most));
}
