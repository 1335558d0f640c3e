/** Keeping a watch open: what is told matters elsewhere, here it is only whether somebody would tell us. */
import type { WatchState } from "./state.ts";
import type { Effect, Millis, Turn } from "./types.ts";

type DownWatch = WatchState & { kind: "down" };

const firstRetry: Millis = 1_000;
const longestRetry: Millis = 30_000;
/** Nobody gives us the verb `watch` within seconds; ask again now and then. */
const forbiddenRetry: Millis = 60_000;

/** A watch that was never open. */
export const noWatch: DownWatch = { kind: "down", retryAt: 0, failures: 0 };

/** Opens a watch that tells what comes after `since`. */
export function openWatch(since: string | null, watch: WatchState, turn: Turn): [WatchState, Effect] {
  const failures = watch.kind === "down" ? watch.failures : 0;
  return [
    { kind: "open", since: turn.at, heardAt: turn.at, failures },
    { kind: "watch", since },
  ];
}

export function mayOpen(watch: WatchState, turn: Turn): boolean {
  return watch.kind === "down" && turn.at >= watch.retryAt;
}

/**
 * A watch ended. The server closes each after some minutes, which is no failure: open the next one at once. One that ends
 * within a second, or by a failure, is tried again later and later.
 */
export function endedWatch(watch: WatchState, reason: "closed" | "forbidden" | "failed", turn: Turn): DownWatch {
  const lasted = watch.kind === "open" && turn.at - watch.since > firstRetry;
  if (reason === "closed" && lasted) return { kind: "down", retryAt: turn.at, failures: 0 };
  const failures = lasted ? 1 : watch.failures + 1;
  const delay = Math.min(firstRetry * 2 ** (failures - 1), longestRetry);
  return { kind: "down", retryAt: turn.at + (reason === "forbidden" ? forbiddenRetry : delay), failures };
}

/** The first time that a watch fails is told: it costs more requests. */
export function watchReport(watch: WatchState, reason: "closed" | "forbidden" | "failed", turn: Turn): Effect[] {
  if (reason === "closed" || watch.failures > 0) return [];
  return [{ kind: "report", report: { kind: "watch-down", reason, pollEvery: turn.me.timing.retryPeriod } }];
}
