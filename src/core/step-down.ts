/**
 * Stepping down: whoever may write the Lease asks its holder to hand over, by an annotation that names the holder and has an id. The
 * holder sees it on its watch, or when its next renewal conflicts, stops its command as on SIGTERM while renewals go on (and keep the
 * request, so that a second one finds it), and releases when the tree is gone, which takes the request away. It then rests: it stands
 * by for one lease duration without contending, so that others come first.
 *
 * A request for another holder says nothing, and is gone with the next write of a leader-exec. So a request does nothing twice, and
 * nothing to a successor.
 */
import { initial } from "./contending.ts";
import type { StoredLease } from "./lease.ts";
import type { Standby } from "./state.ts";
import type { CommandEnd, Effect, Turn } from "./types.ts";

/** The request on this Lease is meant for us. */
export function isAsked(lease: StoredLease | null, { me }: Turn): lease is StoredLease {
  const { holder, stepDown } = lease?.record ?? { holder: "", stepDown: null };
  return holder === me.identity && stepDown?.holder === me.identity;
}

/** Who waits for others only for a limited time would not be started by anybody: a job that was asked to step down ends. */
export function standsByAgain({ me }: Turn): boolean {
  return me.job.patience.kind === "endless";
}

/** The Lease is released, or lost: from now on a standby, which does not contend for one lease duration. */
export function rest(ids: number, end: CommandEnd | null, turn: Turn): readonly [Standby, readonly Effect[]] {
  const span = turn.me.timing.leaseDuration;
  const resting: Standby = { ...initial(turn), ids, contact: true, restUntil: turn.at + span };
  return [resting, [{ kind: "report", report: { kind: "stepped-down", end, span } }]];
}
