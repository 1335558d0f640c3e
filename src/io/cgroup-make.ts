import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Cgroup } from "./cgroup.ts";
import { codeOf, NoCgroup } from "./cgroup-facts.ts";
import { ownCgroup } from "./cgroup-place.ts";
import { folderPrefix, removeCgroup, removeLeftovers } from "./cgroup-removal.ts";

/** Makes a cgroup for a run below our own. Throws NoCgroup. */
export function newCgroup(runId: string): Cgroup {
  const home = ownCgroup();
  checkHome(home);
  removeLeftovers(home, Date.now());
  const folder = join(home, `${folderPrefix}${runId}`);
  try {
    mkdirSync(folder);
  } catch (error) {
    throw new NoCgroup(sentenceOfMake(home, codeOf(error)));
  }
  try {
    checkMade(folder);
    return new Cgroup(folder);
  } catch (error) {
    removeCgroup(folder);
    throw error;
  }
}

/** Processes live in the leaves alone: who left an inner cgroup that has controllers switched on may not come back. */
function checkHome(home: string): void {
  const isRoot = !existsSync(join(home, "cgroup.type"));
  const controllers = isRoot ? "" : readFileSync(join(home, "cgroup.subtree_control"), "latin1").trim();
  if (controllers !== "") throw new NoCgroup(`${home} has controllers for the cgroups below it (${controllers})`);
}

function checkMade(folder: string): void {
  const type = readFileSync(join(folder, "cgroup.type"), "latin1").trim();
  if (type !== "domain") throw new NoCgroup(`${dirname(folder)} is a threaded cgroup`);
  if (!existsSync(join(folder, "cgroup.kill")))
    throw new NoCgroup("this kernel has no cgroup.kill, which came with Linux 5.14");
}

function sentenceOfMake(home: string, code: string): string {
  const reasons: Readonly<Record<string, string>> = {
    EROFS: "is mounted read-only",
    EACCES: "may not be written by this user",
    EPERM: "may not be written by this user",
    EAGAIN: "has as many cgroups below it as it may have (cgroup.max.descendants, cgroup.max.depth)",
  };
  return `the cgroup ${home} ${reasons[code] ?? `can have no cgroup below it (${code})`}`;
}
