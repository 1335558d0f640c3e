import type { World } from "../world.ts";

/** One timer that is set anew by each call. */
export function createTimer(): World["wakeIn"] {
  let timer: NodeJS.Timeout | undefined;
  return (span, callback) => {
    clearTimeout(timer);
    timer = callback === null ? undefined : setTimeout(callback, span);
  };
}
