import { existsSync } from "node:fs";
import { ProcessGroup } from "./process-group.ts";
import { ProcessTree } from "./process-tree.ts";
import type { Tree } from "./tree.ts";

/**
 * The tree of a run that is about to start, found in the best way that this machine offers: in /proc, or by its process
 * group alone. `since`: start time (ticks) of a process that is older than the command.
 */
export function newTree(runId: string, since: number): Tree {
  return existsSync("/proc/self/stat") ? new ProcessTree(runId, since, [process.pid]) : new ProcessGroup();
}
