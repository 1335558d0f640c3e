import { openSync, readSync } from "node:fs";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";

/** /proc/uptime has two decimals: a smaller difference is rounding, not suspend. */
const uptimeStep: Millis = 10;

/**
 * The clock of all deadlines: it goes on while the machine sleeps, and no wall clock step moves it. Its zero is the same in
 * every process of one machine (the boot, within a hundredth of a second), so a deadline can be told to another process.
 *
 * CLOCK_MONOTONIC stops in suspend; /proc/uptime (CLOCK_BOOTTIME) does not, but counts in steps of 10 ms. Their distance
 * grows by each suspend, so it is looked at on every call (measured: 10 us). Without /proc (macOS) it is plain monotonic.
 */
export function createClock(uptime = uptimeReader(), monotonic = monotonicNow): Clock {
  let offset = -Infinity;
  const now = (): Millis => {
    // In this order: a pause of ours between the two looks must not pass for suspend.
    const boot = uptime();
    const steady = monotonic();
    if (boot !== null && boot - steady > offset + uptimeStep) offset = boot - steady;
    return boot === null && offset === -Infinity ? steady : steady + offset;
  };
  for (let look = 0; look < 5; look++) now(); // so that a pause during the first look is forgotten
  return { now, wall: () => Date.now() };
}

/** Milliseconds of CLOCK_MONOTONIC, not related to our own start: equal in all processes of one machine. */
function monotonicNow(): Millis {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1000 + nanos / 1e6;
}

/**
 * Reads /proc/uptime through one descriptor that is kept: this must work even when no new one can be had. Null when it cannot be read: in
 * LXC's containers a program makes it (lxcfs), and when that has died, what is known of suspend must do.
 */
export function uptimeReader(path = "/proc/uptime"): () => Millis | null {
  const buffer = Buffer.alloc(64);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return () => null; // no /proc here: the monotonic clock is all there is
  }
  return () => {
    try {
      const length = readSync(file, buffer, 0, buffer.length, 0);
      const seconds = Number.parseFloat(buffer.toString("latin1", 0, length));
      return Number.isFinite(seconds) ? seconds * 1000 : null;
    } catch {
      return null; // ENOTCONN
    }
  };
}
