import { onExit } from "signal-exit";

/**
 * Calls `kill`, which must not throw, once when this process exits in whatever way it can still notice (a return from main, process.exit, an uncaught
 * exception, a signal that nobody handles). It decides nothing: the exit code and the signal stay what they are. Returns what
 * takes it back.
 */
export function atLastResort(kill: () => void): () => void {
  return onExit(() => {
    kill();
  });
}
