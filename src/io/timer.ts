import type { World } from "../world.ts";

/**
 * One timer. One that fires soon enough already is left as it is: to set it anew at each event costs a wake-up for nothing at the
 * old time. Node drops fractions of milliseconds, and would fire before the time.
 */
export function createTimer(): World["wakeIn"] {
  let timer: NodeJS.Timeout | undefined;
  let firesAt = Infinity;
  let wake: (() => void) | null = null;
  const fire = (): void => {
    firesAt = Infinity;
    wake?.();
  };
  return (span, callback) => {
    wake = callback;
    const wanted = callback === null ? Infinity : performance.now() + span;
    if (firesAt <= wanted && wanted < Infinity) return;
    clearTimeout(timer);
    firesAt = wanted;
    if (callback !== null) timer = setTimeout(fire, Math.ceil(span));
  };
}
