import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../lab/index.ts";
import { leaseSpan, type Candidate } from "../support/candidate.ts";

export { leaseSpan };

/** Retry period of `shortTimes`: a holder renews once in this time. */
export const renewal = 500;

/** A moment in the cycle of renewals, equally likely for each. */
export const randomMoment = (longest = renewal): Promise<void> => pause(Math.random() * longest);

/** The guards of a leader-exec that run now, oldest first. */
export function guardsOf({ pid }: Candidate): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => isGuardOf(pid, each))
    .sort((a, b) => a - b);
}

/** Waits until a guard runs that is none of these. */
export const newGuard = (candidate: Candidate, before: readonly number[]): Promise<number> =>
  until("a guard runs", () => guardsOf(candidate).find((pid) => !before.includes(pid)));

function isGuardOf(parent: number, pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state, ppid] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return Number(ppid) === parent && state !== "Z" && readFileSync(`/proc/${pid}/cmdline`, "latin1").includes("guard");
  } catch {
    return false; // it is gone
  }
}
