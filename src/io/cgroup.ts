import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { codeOf, NoCgroup, ownPath } from "./cgroup-facts.ts";
import { removeCgroup } from "./cgroup-removal.ts";

/**
 * A cgroup v2 below the one that leader-exec was started in, for one command: what is born there stays there with all that
 * it starts, whatever group, session, user or environment that gives itself (Linux, cgroups(7) and
 * Documentation/admin-guide/cgroup-v2.rst, for all rules here). No controllers are switched on, so every limit of the
 * cgroup above still holds. Its files are opened once: this must work when no descriptor is to be had any more.
 */
export class Cgroup {
  readonly folder: string;
  readonly #home: number;
  readonly #events: number;
  readonly #kill: number;
  readonly #buffer = Buffer.alloc(256);
  #inside = false;
  /** Its descriptors are given back, and their numbers may be another's. */
  #closed = false;

  /** For one that exists: `newCgroup` makes it. Throws NoCgroup. */
  constructor(folder: string) {
    this.folder = folder;
    this.#home = open(join(dirname(folder), "cgroup.procs"), constants.O_WRONLY);
    this.#events = open(join(folder, "cgroup.events"), constants.O_RDONLY);
    this.#kill = open(join(folder, "cgroup.kill"), constants.O_WRONLY);
  }

  /** Moves us out of there if we were born inside, as a guard can be. Throws NoCgroup. */
  leaveIfBornInside(): void {
    this.#inside = ownPath().endsWith(`/${basename(this.folder)}`);
    this.leave();
  }

  /**
   * Moves our own process there: what we spawn from now on is born inside. That takes 15 ms when nobody was moved of late
   * (the kernel waits for all processors), so it is done while nobody waits. Throws NoCgroup.
   */
  enter(): void {
    const procs = open(join(this.folder, "cgroup.procs"), constants.O_WRONLY);
    try {
      writeSync(procs, "0");
      this.#inside = true;
    } catch (error) {
      throw new NoCgroup(`this process cannot be moved to ${this.folder} (${codeOf(error)})`);
    } finally {
      closeSync(procs);
    }
  }

  /** Moves us back. Throws NoCgroup. */
  leave(): void {
    if (!this.#inside || this.#closed) return;
    try {
      writeSync(this.#home, "0");
      this.#inside = false;
    } catch (error) {
      throw new NoCgroup(`this process cannot be moved out of ${this.folder} again (${codeOf(error)})`);
    }
  }

  /** SIGKILLs everybody inside, in the cgroups below too; nobody can fork out of that. Says whether it could be done. */
  kill(): boolean {
    if (this.#closed) return false;
    try {
      return writeSync(this.#kill, "1") === 1;
    } catch {
      return false; // removed (ENODEV): whoever asks has other ways
    }
  }

  /** Whether a process lives inside, or in the cgroups below. A removed cgroup has none; when it cannot be told, one may. */
  isPopulated(): boolean {
    if (this.#closed) return false;
    try {
      const { length } = this.#buffer;
      return /^populated 1$/m.test(
        this.#buffer.toString("latin1", 0, readSync(this.#events, this.#buffer, 0, length, 0)),
      );
    } catch (error) {
      return codeOf(error) !== "ENODEV";
    }
  }

  /** Nothing is asked of it any more. Removes it if nobody is inside; else the next leader-exec here will. */
  close(): void {
    removeCgroup(this.folder);
    if (this.#closed) return;
    this.#closed = true;
    for (const descriptor of [this.#home, this.#events, this.#kill]) closeSync(descriptor);
  }
}

function open(path: string, flags: number): number {
  try {
    return openSync(path, flags);
  } catch (error) {
    throw new NoCgroup(`${path} cannot be opened (${codeOf(error)})`);
  }
}
