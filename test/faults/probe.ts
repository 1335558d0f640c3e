import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const source = join(import.meta.dirname, "probe.c");
const run = promisify(execFile);

/** The compiled probe, or why there is none. */
export type Probe =
  { readonly kind: "ready"; readonly path: string } | { readonly kind: "missing"; readonly reason: string };

/** True where a missing compiler is a failure. */
export const probeIsRequired = (): boolean => process.env["CI"] === "true";

/** Compiles probe.c, once for each state of its source: the result is kept in the user's cache. */
export async function findProbe(): Promise<Probe> {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "leader-exec-faults");
  const key = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16);
  const path = join(folder, `probe-${key}`);
  if (existsSync(path)) return { kind: "ready", path };
  const fresh = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    await run("gcc", ["-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", fresh, source]);
    renameSync(fresh, path);
    return { kind: "ready", path };
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error);
    return {
      kind: "missing",
      reason: `THE PROBE IS MISSING: it could not be compiled (${why}); install gcc and libc6-dev`,
    };
  }
}
