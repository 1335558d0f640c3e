import { createHash } from "node:crypto";
import { accessSync, constants, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** The Kubernetes that tests run against unless they ask for another: LEADER_EXEC_LAB_VERSION or the newest we know. */
export const DEFAULT_VERSION = process.env["LEADER_EXEC_LAB_VERSION"] || "v1.37.2";

/** The Go program that is built; see `build.ts`. */
export const goSource = join(import.meta.dirname, "go", "main.go");

/** What a lab is made of. */
export const programs = ["kube-apiserver", "etcd"] as const;

/**
 * The folder of one built version, whether it exists or not: below LEADER_EXEC_LAB_CACHE, XDG_CACHE_HOME or ~/.cache,
 * never in the repository. Its last part changes with the source, so that an old binary is never taken for a new one.
 */
export function cacheFolder(version: string): string {
  return builtFolder(version, [goSource, join(import.meta.dirname, "recipe.ts")]);
}

/** The folder of anything that is built from these sources for tests. */
export function builtFolder(name: string, sources: readonly string[]): string {
  const { LEADER_EXEC_LAB_CACHE, XDG_CACHE_HOME } = process.env;
  const root = LEADER_EXEC_LAB_CACHE || XDG_CACHE_HOME || join(homedir(), ".cache");
  const hash = createHash("sha256");
  for (const source of sources) hash.update(readFileSync(source));
  return join(root, "leader-exec-lab", name, hash.digest("hex").slice(0, 8));
}

/** Why the programs of a lab cannot be run from this folder; undefined when they can. */
export function flawOf(folder: string): string | undefined {
  for (const program of programs) {
    try {
      accessSync(join(folder, program), constants.X_OK);
    } catch (error) {
      return `${join(folder, program)} cannot be run (${(error as NodeJS.ErrnoException).code ?? "?"})`;
    }
  }
  return undefined;
}
