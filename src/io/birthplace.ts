import { dirname } from "node:path";
import type { LogLine } from "../core/types.ts";
import type { Options } from "../options.ts";
import { LocalTrouble } from "../world.ts";
import type { Cgroup } from "./cgroup.ts";
import { NoCgroup } from "./cgroup-facts.ts";
import { newCgroup } from "./cgroup-make.ts";

/**
 * Where the command is born: a cgroup of its own, if one can be had. We cannot have it born there without being there
 * ourselves, so we are inside while standing by, and outside again before anything else happens once it is spawned.
 */
export class Birthplace {
  readonly #runId: string;
  readonly #method: Options["processTree"];
  readonly #tell: (line: LogLine) => void;
  #cgroup: Cgroup | null = null;
  #made = false;
  #entered = false;
  #trouble: string | null = null;

  constructor(runId: string, method: Options["processTree"], tell: (line: LogLine) => void) {
    this.#runId = runId;
    this.#method = method;
    this.#tell = tell;
  }

  /** Null where there is none; for good once it was made, unless we cannot enter or leave it. */
  get cgroup(): Cgroup | null {
    return this.#cgroup;
  }

  get folder(): string | null {
    return this.#cgroup?.folder ?? null;
  }

  /** Why the command must not be started: a cgroup was asked for, and is not to be had. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Makes it, once. */
  make(): void {
    if (this.#made) return;
    this.#made = true;
    if (this.#method === "proc") this.#say("debug", "search in /proc, because --process-tree proc was given");
    else this.#attempt(() => (this.#cgroup = newCgroup(this.#runId)));
  }

  /** Goes there, once. */
  enter(): void {
    const cgroup = this.#cgroup;
    if (cgroup === null || this.#entered) return;
    this.#entered = true;
    this.#attempt(() => {
      cgroup.enter();
      this.#say("debug", inCgroup(cgroup));
    });
  }

  /** The command was spawned, or could not be. In there from now on are it and what it starts. */
  leave(): void {
    try {
      this.#cgroup?.leave();
    } catch (error) {
      // With us inside it is never empty.
      this.#cgroup = null;
      this.#say("warn", `search in /proc, because ${reasonOf(error)}; the search misses what docs/safety.md lists`);
    }
  }

  /** Nothing of the tree is left, or nothing ever was. */
  close(): void {
    const cgroup = this.#cgroup;
    this.leave();
    cgroup?.close();
    this.#cgroup = null;
  }

  #attempt(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#cgroup?.close();
      this.#cgroup = null;
      const reason = reasonOf(error);
      if (this.#method === "cgroup") this.#trouble = demand(reason);
      else this.#say("debug", `search in /proc, because ${reason}`);
    }
  }

  #say(level: LogLine["level"], method: string): void {
    this.#tell({ level, kind: "process-tree", message: `process tree: ${method}`, fields: {} });
  }
}

/** Makes a cgroup as for a run, goes there and back, and removes it: below which one it was, or the reason why it cannot be had. */
export function tryCgroup(): { readonly home: string } | { readonly reason: string } {
  try {
    const cgroup = newCgroup(`check-${process.pid}`);
    try {
      cgroup.enter();
      cgroup.leave();
    } finally {
      cgroup.close();
    }
    return { home: dirname(cgroup.folder) };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}

/** Throws LocalTrouble where no cgroup can be had, although one was asked for. */
export function checkCgroup(): void {
  const tried = tryCgroup();
  if ("reason" in tried) throw new LocalTrouble(demand(tried.reason));
}

function inCgroup({ folder }: Cgroup): string {
  return `cgroup ${folder}, killed as a whole by cgroup.kill and gone when it is empty and a search in /proc finds nobody`;
}

function demand(reason: string): string {
  return (
    `--process-tree cgroup: no cgroup for the command can be had, because ${reason}; give leader-exec a cgroup v2 that it ` +
    "may write (systemd: Delegate=yes), or leave the flag out"
  );
}

function reasonOf(error: unknown): string {
  if (error instanceof NoCgroup) return error.message;
  return error instanceof Error ? error.message : String(error); // out of descriptors, say
}
