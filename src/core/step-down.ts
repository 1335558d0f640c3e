/**
 * Stepping down: whoever may write the Lease asks its holder to hand over, by an annotation that names the holder and has an id. The
 * holder sees it on its watch, or when its next renewal conflicts, stops its command as on SIGTERM while renewals go on (and keep the
 * request, so that a second one finds it), and releases when the tree is gone, which takes the request away. It then rests: it stands
 * by for one lease duration without contending, so that others come first.
 *
 * A request for another holder says nothing, and is gone with the next write of a leader-exec. So a request does nothing twice, and
 * nothing to a successor.
 */
import { again } from "./contending.ts";
import { successorIn } from "./elector.ts";
import type { Ending } from "./ending.ts";
import type { LeaseRecord, StepDown, StoredLease } from "./lease.ts";
import type { Standby } from "./state.ts";
import type { Effect, Turn } from "./types.ts";

/** `to`: whom the server prefers in our place; null: a user asked. */
export interface StepDownRequest {
  readonly id: string;
  readonly to: string | null;
}

/** A user's request that is meant for us; null: there is none. */
export function askedByUser({ holder, stepDown }: LeaseRecord, { me }: Turn): StepDown | null {
  return holder === me.identity && stepDown?.holder === me.identity ? stepDown : null;
}

/** The request on this Lease that is meant for us; null: there is none. Where the server elects, it asks by naming another one. */
export function requestOn({ record }: StoredLease, turn: Turn): StepDownRequest | null {
  const to = record.holder === turn.me.identity ? successorIn(record, turn) : null;
  if (to !== null) return { id: "", to };
  const asked = askedByUser(record, turn);
  return asked === null ? null : { id: asked.id, to: null };
}

/** Who waits for others only for a limited time would not be started by anybody: a job that was asked to step down ends. */
export function standsByAgain({ me }: Turn): boolean {
  return me.job.patience.kind === "endless";
}

/**
 * The Lease is released, or lost: from now on a standby, which does not contend for one lease duration, unless it is the server that
 * decides who comes first. Then it registers anew (standby.ts), as the last one among equals: of those the server prefers the one that was
 * registered first, and of those of one second anyone, anew each time, so that they would hand the Lease round for ever. A Lease of which it
 * is not certain that it was released may name us still, with the same request on it: it is taken back to be released, as often as others
 * edit it, and so not sooner than one retry period later.
 * @param released by a write of ours that was acknowledged
 * @param lease as last known; null: it is somebody else's
 */
export function rest(
  ids: number,
  { end, to }: Ending & { readonly kind: "stepped-down" },
  { lease, released }: { readonly lease: StoredLease | null; readonly released: boolean },
  turn: Turn,
): readonly [Standby, readonly Effect[]] {
  const { leaseDuration, retryPeriod } = turn.me.timing;
  const span = to === null ? leaseDuration : 0;
  const resting: Standby = {
    ...again(ids, lease, turn),
    restUntil: turn.at + (released ? span : Math.max(span, retryPeriod)),
  };
  return [resting, [{ kind: "report", report: { kind: "stepped-down", end, span } }]];
}
