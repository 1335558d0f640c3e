import { existsSync } from "node:fs";
import type { Cgroup } from "./cgroup.ts";
import { CgroupTree } from "./cgroup-tree.ts";
import { ProcessGroup } from "./process-group.ts";
import { ProcessTree } from "./process-tree.ts";
import type { Tree } from "./tree.ts";

/**
 * The tree of a run that is about to start, found in the best way that this machine offers: by its cgroup if it has one,
 * in /proc, or by its process group alone. `since`: start time (ticks) of a process that is older than the command.
 */
export function newTree(runId: string, since: number, cgroup: () => Cgroup | null): Tree {
  if (!existsSync("/proc/self/stat")) return new ProcessGroup();
  return new CgroupTree(cgroup, new ProcessTree(runId, since, [process.pid]));
}
