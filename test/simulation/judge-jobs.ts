/** The rules for jobs: a pause is kept, a run and a wait end on time. What is seen from outside alone. */
import type { StoredLease } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import type { Agenda } from "./agenda.ts";
import { Violation } from "./judge.ts";
import { serverEpoch } from "./sim-api.ts";
import type { SimCandidate } from "./sim-candidate.ts";

/** A timer that is late, a tree that takes long to die. */
const slack: Millis = 2_500;

/** A leader-exec wrote this. */
export function pauseKept(agenda: Agenda, before: StoredLease | null, after: StoredLease, by: string): void {
  const until = before?.record.holdUntil ?? null;
  if (until === null || after.record.holder === "" || before?.record.holder === by) return;
  const early = until - (serverEpoch + agenda.now);
  if (early > 0) throw new Violation(`${by} took the Lease ${Math.round(early)} ms before a pause was over`);
}

/** It gives the Lease back that it has had since then: whoever did so for it must not forget what the run asked for. */
export function pauseAsked(
  agenda: Agenda,
  since: Millis,
  { me, command }: SimCandidate,
  { record }: StoredLease,
): void {
  const until = since + me.job.holdAtLeast;
  if (me.job.holdAtLeast === 0 || !command.existed || agenda.now >= until) return;
  if ((record.holdUntil ?? 0) < serverEpoch + until - 1)
    throw new Violation(`the release of ${me.identity} does not ask for the pause that it has to leave`);
}

/** Its command begins to run. */
export function runBegins(agenda: Agenda, candidate: SimCandidate, isAlive: () => boolean): void {
  const { job, timing, identity } = candidate.me;
  if (job.maxRun === Infinity) return;
  const began = agenda.now;
  agenda.after(1.01 * (job.maxRun + timing.killAfter) + slack, () => {
    const { state } = candidate;
    const otherwise = state.phase === "stopping" && state.why.kind !== "overrun";
    if (isAlive() && !otherwise && candidate.frozenUntil < began)
      throw new Violation(`the command of ${identity} ran past its limit`);
  });
}

/** A candidate begins to wait. `calmFrom`: from then on nothing goes wrong; `longest`: of all lease durations. */
export function waitBegins(agenda: Agenda, candidate: SimCandidate, calmFrom: Millis, longest: Millis): void {
  const { job, timing, identity } = candidate.me;
  const began = agenda.now;
  const check = (span: Millis): void => {
    agenda.after(span, () => {
      if (!candidate.over && candidate.state.phase === "standby" && candidate.frozenUntil < began)
        throw new Violation(`${identity} (${job.patience.kind}) waits on when its time is over`);
    });
  };
  if (job.patience.kind === "limited") check(1.01 * job.patience.span + 500);
  else if (job.patience.kind === "none" && began >= calmFrom) check(1.02 * longest + 2.2 * timing.retryPeriod + 3_000);
}
