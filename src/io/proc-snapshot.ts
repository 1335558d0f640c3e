import { listPids, newestPid, readStat, type ProcessStat } from "./proc.ts";

export interface Snapshot {
  readonly stats: readonly ProcessStat[];
  /** Every process that was alive when the snapshot was finished, and still is, is in it. */
  readonly complete: boolean;
}

/** Where something is started all the time, a snapshot ends without being complete. */
const rounds = 20;
const longestChase = 2_000;

/**
 * All processes of one moment. A listing of /proc takes some milliseconds, in which a chain of processes that start the next
 * one and end goes on unseen. Pids are given out in order, so those that were given out since the listing began are looked at
 * one by one until no new one appears: whoever lives then was in a listing, or was looked at after its birth. (What is
 * looked at may be a thread, which looks like its process.) The second listing is for who had its pid before the first and
 * was in the middle of fork: it is seen only later, and its parent, which was listed, may have ended before it was read.
 * A /proc that does not tell the newest pid (gVisor's shows 0) leaves every snapshot incomplete. Throws as readStat does.
 * `read`: instead of readStat, where /proc is Linux' own.
 */
export function takeSnapshot(newestNow: () => number = newestPid, read: typeof readStat = readStat): Snapshot {
  let newest = newestNow();
  const readOne = newest > 0 ? read : readStat;
  const seen = new Set<number>();
  const stats: ProcessStat[] = [];
  const look = (pid: number): void => {
    const stat = seen.has(pid) ? null : readOne(pid);
    if (stat === null) return;
    seen.add(pid);
    stats.push(stat);
  };
  for (let listing = 0; listing < 2; listing++) listPids().forEach(look);
  for (let round = 0; round < rounds; round++) {
    const now = newestNow();
    if (now === newest && now > 0) return { stats, complete: true };
    if (!(now > 0) || now < newest || now - newest > longestChase) break; // they began again at the lowest, or there are too many
    for (let pid = newest + 1; pid <= now; pid++) look(pid);
    newest = now;
  }
  return { stats, complete: false };
}
