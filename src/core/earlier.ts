/**
 * Holders before the present one who may still be at work. Among ourselves there is none: nobody writes his name before the time of the
 * holder before him is over. But who elects elsewhere does: where a Lease was deleted, kube-apiserver's controller names the next holder
 * within milliseconds. So whoever has seen the earlier one waits out his time, whoever is named meanwhile, himself included.
 *
 * That a named holder's Lease had expired by the server's clock is enough where its holder counts with that clock (server-taker.ts).
 */
import type { View } from "./election.ts";
import type { StoredLease } from "./lease.ts";
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
  if (before.lease.uid !== uid) return Math.max(before.earlier, turn.at + before.duration);
  const isNext = record.coordination !== null && record.holder !== "" && record.holder !== before.lease.record.holder;
  return isNext && !before.released && !before.reckons ? Math.max(before.earlier, freeAt) : before.earlier;
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
