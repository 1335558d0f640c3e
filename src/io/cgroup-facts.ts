import { readFileSync } from "node:fs";

/** A cgroup cannot be had, or not be used; the message is a reason that ends a sentence. */
export class NoCgroup extends Error {
  override readonly name = "NoCgroup";
}

/** Where we are in the cgroup v2 hierarchy, as /proc/self/cgroup says it; undefined when it has no such line. */
export function pathIn(cgroups: string): string | undefined {
  return /^0::(.*)$/m.exec(cgroups)?.[1];
}

export function ownPath(): string {
  return pathIn(textOf("/proc/self/cgroup")) ?? "";
}

/** Throws NoCgroup. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = codeOf(error);
    throw new NoCgroup(`${path} cannot be read (${code}${code === "ENOTSUP" ? ": it is a threaded cgroup" : ""})`);
  }
}

/** "EACCES", or whatever there is. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
