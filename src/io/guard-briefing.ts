/** What a guard is told, in the guard's own words. */
import type { StoredLease } from "../core/lease.ts";
import type { Clock } from "../world.ts";
import type { GuardMessage, Term } from "./guard-protocol.ts";
import type { RunnerOptions } from "./runner-options.ts";

/** Before anything runs. `since`: start time (ticks) of our own process. */
export function opening(
  { runId, order }: Pick<RunnerOptions, "runId" | "order">,
  since: number,
  cgroup: string | null,
): readonly GuardMessage[] {
  const run: GuardMessage = { kind: "run", runId, since, cgroup };
  return order === null ? [run] : [run, { kind: "order", text: order }];
}

/** The Lease is ours. Null: there is no election. */
export function termOf(lease: StoredLease | null, clock: Clock, since: number): Term | null {
  if (lease === null) return null;
  return { uid: lease.uid, since: clock.now(), leader: { pid: process.pid, startTime: since } };
}
