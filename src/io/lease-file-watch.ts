/**
 * Notices changes of a Lease's folder: the kernel tells of new names at once, and a look at the folder once a second
 * stands behind it, for what is not told (no inotify watch left, a file system that does not tell).
 */
import type { ReadResult } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Watch, WatchListener } from "../world.ts";
import { versionOf, type Place } from "./lease-file-place.ts";

const pollEvery: Millis = 1_000;

export interface WatchParts {
  readonly place: Place;
  readonly since: string | null;
  readonly listener: WatchListener;
  /** The Lease now, or null when its version still is `known`. */
  readonly look: (known: string | null) => Promise<ReadResult | null>;
  /** Told once, however the watch ends. */
  readonly onEnd: (watch: FileWatch) => void;
}

type Watcher = ReturnType<Place["files"]["watch"]>;

export class FileWatch implements Watch {
  readonly #parts: WatchParts;
  #known: string | null;
  #parent: Watcher | null = null;
  #folder: Watcher | null = null;
  #poll: NodeJS.Timeout | undefined;
  #looking = false;
  #lookAgain = false;
  #over = false;

  /** Looks at once: what changed between `since` and now is told too. */
  constructor(parts: WatchParts) {
    this.#parts = parts;
    this.#known = parts.since;
    const { namespaceFolder, lease } = parts.place;
    this.#parent = this.#attach(namespaceFolder, (name) => {
      if (name === null || name === lease) this.#folderChanged();
    });
    this.#folderChanged();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#poll);
    this.#parent?.close();
    this.#folder?.close();
    this.#parts.onEnd(this);
  }

  /** Another folder may have the Lease's name now. */
  #folderChanged(): void {
    if (this.#over) return;
    this.#folder?.close();
    this.#folder = this.#attach(this.#parts.place.folder, (name) => {
      if (name === null || versionOf(name) !== null) void this.#look("told");
    });
    void this.#look("told");
  }

  /** Null when it cannot be watched: it is not there, or the kernel has no watch left. Polling notices the changes then. */
  #attach(folder: string, changed: (name: string | null) => void): Watcher | null {
    try {
      return this.#parts.place.files.watch(folder, changed);
    } catch {
      return null;
    }
  }

  /** Only the newest version is told; what lies between is superseded. Never two looks at once. */
  async #look(why: "told" | "polled"): Promise<void> {
    if (this.#over) return;
    this.#lookAgain = this.#looking;
    if (this.#looking) return;
    this.#looking = true;
    clearTimeout(this.#poll);
    const found = await this.#parts.look(this.#known);
    this.#looking = false;
    this.#tell(found);
    this.#schedule();
    // Nobody told us of this change: watch anew what has that name now.
    if (found !== null && why === "polled") this.#folderChanged();
    else if (this.#lookAgain) void this.#look("told");
  }

  #schedule(): void {
    if (this.#over) return;
    clearTimeout(this.#poll);
    this.#poll = setTimeout(() => void this.#look("polled"), pollEvery);
  }

  #tell(found: ReadResult | null): void {
    if (this.#over || found === null) return;
    const { listener } = this.#parts;
    switch (found.kind) {
      case "found":
        this.#known = found.lease.version;
        listener.changed(found.lease);
        return;
      case "missing":
        this.#known = null;
        listener.deleted();
        return;
      case "failed":
        this.close();
        listener.ended("failed"); // the next read tells the user why: it meets the same trouble
        return;
    }
  }
}
