/** Single processes of a tree, and who descends from them. */
import { processHolder, readStat, type ProcessStat } from "./proc.ts";
import type { TreeRoot } from "./tree.ts";

/** All that /proc/PID/stat alone can tell, at one moment. */
export interface Sweep {
  /** Every living process that is young enough, by pid. */
  readonly processes: ReadonlyMap<number, ProcessStat>;
  readonly members: Map<number, ProcessStat>;
  /** Pids of those that are not. */
  readonly older: ReadonlySet<number>;
  /** 1 when the command's group exists although /proc shows nobody in it (mounted with hidepid), else 0. */
  readonly hidden: number;
  readonly settled: boolean;
}

/** For who is not the parent: looks at the process itself. */
export function holdsProcess({ pid, startTime }: TreeRoot): () => boolean {
  try {
    return processHolder(pid, startTime);
  } catch {
    return () => statNow(pid)?.startTime === startTime; // it is gone already, or no descriptor is to be had
  }
}

/** Null also when there is no descriptor to be had: without a look it is not certain who that is. */
export function statNow(pid: number): ProcessStat | null {
  try {
    return readStat(pid);
  } catch {
    return null; // nothing is signalled then, and the look that follows fails as well
  }
}

/** 0 when it cannot be told: then the tree is found by its session and id alone. */
export function startTimeOf(pid: number): number {
  try {
    return readStat(pid)?.startTime ?? 0;
  } catch {
    return 0; // out of descriptors
  }
}

/** Adds every process whose parent is a member, until there is none left; answers with the new ones. */
export function addDescendants(
  processes: ReadonlyMap<number, ProcessStat>,
  members: Map<number, ProcessStat>,
): ProcessStat[] {
  const added: ProcessStat[] = [];
  for (let before = -1; before !== added.length;) {
    before = added.length;
    for (const stat of processes.values()) {
      if (members.has(stat.pid) || !members.has(stat.parent)) continue;
      members.set(stat.pid, stat);
      added.push(stat);
    }
  }
  return added;
}
