import { readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What the folder of a run's cgroup is called, before the run's id. */
export const folderPrefix = "leader-exec-";
/** One that was made this lately may be entered yet. */
const settled = 60_000;

/** Removes a cgroup with all below it, as far as nobody is inside: the kernel refuses the others. */
export function removeCgroup(folder: string): void {
  for (const name of foldersIn(folder)) removeCgroup(join(folder, name));
  try {
    rmdirSync(folder);
  } catch {
    return; // somebody is inside, or it is gone already
  }
}

/** Removes what leader-execs left that were killed while standing by, or together with their guard. `now`: since 1970. */
export function removeLeftovers(home: string, now: number): void {
  for (const name of foldersIn(home)) {
    const folder = join(home, name);
    if (name.startsWith(folderPrefix) && isLeftover(folder, now)) removeCgroup(folder);
  }
}

/** Nobody is inside, and whoever made it had the time to enter. */
function isLeftover(folder: string, now: number): boolean {
  try {
    const isEmpty = /^populated 0$/m.test(readFileSync(join(folder, "cgroup.events"), "latin1"));
    return isEmpty && now - statSync(folder).ctimeMs > settled;
  } catch {
    return false; // another one was faster
  }
}

function foldersIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  } catch {
    return []; // gone, or not ours to read
  }
}
