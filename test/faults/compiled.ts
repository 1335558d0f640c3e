import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** A compiled program or library, or why there is none. */
export type Compiled =
  { readonly kind: "ready"; readonly path: string } | { readonly kind: "missing"; readonly reason: string };

/** Compiles NAME.c of this folder, once for each state of its source: the result is kept in the user's cache. */
export async function compiled(name: string, flags: readonly string[]): Promise<Compiled> {
  const source = join(import.meta.dirname, `${name}.c`);
  const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const folder = join(cache, "leader-exec-faults");
  const key = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16);
  const path = join(folder, `${name}-${key}`);
  if (existsSync(path)) return { kind: "ready", path };
  const fresh = `${path}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true });
    await run("gcc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", fresh, source, ...flags]);
    renameSync(fresh, path);
    return { kind: "ready", path };
  } catch (error) {
    const why = error instanceof Error ? error.message.trim() : String(error);
    return {
      kind: "missing",
      reason: `THE PROBE IS MISSING: ${name}.c could not be compiled (${why}); install gcc and libc6-dev`,
    };
  }
}
