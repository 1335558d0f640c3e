/**
 * Holders before the present one who may still be at work. Among ourselves there is none: nobody writes his name before the time of the
 * holder before him is over. But who elects elsewhere does: where a Lease was deleted, kube-apiserver's controller names the next holder
 * within milliseconds, and where a hand cleared the holder, too. So whoever has seen the earlier one waits out his time, whoever is named
 * meanwhile, himself included.
 *
 * That a named holder's Lease had expired by the server's clock is enough where its holder counts with that clock (server-taker.ts).
 */
import type { View } from "./election.ts";
import type { LeaseRecord, StoredLease } from "./lease.ts";
import { isUnconfirmed, promisedUnseen } from "./promised.ts";
import type { Millis, Turn } from "./types.ts";

type Found = View & { kind: "found" };

/**
 * Until when somebody of before `lease` may be at work, on our own clock. Of a Lease with another uid the deletion was not seen: its holder
 * may have renewed just before, also when it was free as far as we know.
 * @param freeAt when the time of the holder in `before` is over
 */
export function earlierUntil(before: View, { uid, record }: StoredLease, freeAt: Millis, turn: Turn): Millis {
  if (before.kind === "unknown") return -Infinity;
  if (before.kind === "missing") return before.freeAt;
  const unseen = turn.at + promisedUnseen(before, turn.me);
  if (before.lease.uid !== uid) return Math.max(before.earlier, unseen);
  const isNext = record.coordination !== null && record.holder !== "" && record.holder !== before.lease.record.holder;
  if (!isNext) return before.earlier;
  if (isUnseen(before, record)) return Math.max(before.earlier, unseen);
  const waits = before.reckons ? !isOverThere(before, record) : !before.released;
  return waits ? Math.max(before.earlier, freeAt) : before.earlier;
}

/** As the server names somebody: on the Lease of one that is marked as its holder, did not release it, and was never seen. */
function isUnseen({ lease }: Found, record: LeaseRecord): boolean {
  const { markedBy } = record;
  return isUnconfirmed(record) && markedBy !== null && markedBy !== lease.record.markedBy;
}

/** It released, or its time was over by the server's clock when the server named the next one; else a hand has taken the Lease from it. */
function isOverThere({ lease, duration }: Found, record: LeaseRecord): boolean {
  const { markedBy, renewTime } = record;
  const known = lease.record;
  if (!isUnconfirmed(record) || markedBy !== known.holder) return true;
  return known.renewTime === null || renewTime === null || known.renewTime + duration <= renewTime;
}

/**
 * The holder knows that the server elects on this Lease: it was elected there, or has written since. When the server comes upon a plain
 * holder, it names the one whom it prefers along with the strategy.
 */
export function reckonsWithServer(before: Found | null, { uid, record }: StoredLease): boolean {
  const { holder, coordination } = record;
  if (holder === "" || coordination === null) return false;
  if (coordination.preferredHolder === null) return true;
  return before?.lease.uid === uid && before.lease.record.holder === holder && before.reckons;
}
