import { setTimeout as pause } from "node:timers/promises";

/**
 * Looks again and again until there is something to see, and returns it: tests wait for facts, never for time.
 * `undefined` and `false` mean "not yet". Throws a sentence that names `what` after `timeoutMs` milliseconds.
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 10_000,
  everyMs = 10,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    }
    await pause(everyMs);
  }
}
