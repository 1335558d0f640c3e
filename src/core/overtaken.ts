/** What a watch told while an acquiring write was under way. */
import { isNewer, type View } from "./election.ts";
import type { StoredLease, Write } from "./lease.ts";
import type { Turn } from "./types.ts";

/** A watch was faster than the answer, and told that somebody else (by hand only) has the Lease already. */
export function overtaken(view: View, ours: StoredLease, turn: Turn): boolean {
  if (view.kind !== "found" || view.lease.record.holder === turn.me.identity) return false;
  return isNewer(view.lease.version, ours.version);
}

/** The view is of a newer content already than the one that the write was to replace. */
export function toldSince(view: View, { base }: Write): boolean {
  return base !== null && view.kind === "found" && isNewer(view.lease.version, base.version);
}
