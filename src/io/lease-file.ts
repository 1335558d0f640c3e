/** The file store: one Lease among the processes of one machine, without a cluster. Why it is right: lease-file-write.ts. */
import { setTimeout } from "node:timers/promises";
import type { ReadResult, StoredLease, StoreFailure, Write, WriteResult } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { LeaseStore, Watch, WatchListener } from "../world.ts";
import { collect } from "./lease-file-collect.ts";
import { preparePlace, type FileStoreOptions } from "./lease-file-open.ts";
import { placeToRead } from "./lease-file-read-place.ts";
import { highestVersion, openRecord, recordPath, type Place } from "./lease-file-place.ts";
import { FileQueue, late } from "./lease-file-queue.ts";
import { realFiles, type Files } from "./lease-file-system.ts";
import { failureOf, lateFailure, rolledBack } from "./lease-file-trouble.ts";
import { FileWatch } from "./lease-file-watch.ts";
import { create, replace, sameDirectory } from "./lease-file-write.ts";

/** For what no request of the core waits for: a look of the watch, collecting. */
const ownLimit: Millis = 5_000;
/** A version that was listed may be collected before it is opened; then the list is old. */
const looksForOneRead = 5;
const deletionTime: Millis = 20;

/**
 * Opens the store in DIR and creates DIR (for this user alone) when it is missing. In a DIR that exists, everything gets the
 * permissions that DIR itself has, so users who are to share it share a folder that a group can write.
 * Rejects with LocalTrouble when DIR cannot be used: no rights, no folder, a network file system, no hard links.
 */
export async function openFileStore(options: FileStoreOptions, files: Files = realFiles): Promise<LeaseStore> {
  return new FileStore(await preparePlace(options, files));
}

/** The same for who only reads: creates and tries nothing. Rejects with LocalTrouble when there is no DIR. */
export async function openFileStoreToRead(options: FileStoreOptions, files: Files = realFiles): Promise<LeaseStore> {
  return new FileStore(await placeToRead(options, files));
}

class FileStore implements LeaseStore {
  readonly description: string;
  readonly #place: Place;
  readonly #queue: FileQueue;
  readonly #watches = new Set<FileWatch>();
  /** The newest version that was read or written. */
  #newest = { version: 0, uid: "" };

  constructor(place: Place) {
    this.#place = place;
    this.#queue = new FileQueue(place.clock);
    this.description = `files in ${place.directory}, namespace ${place.namespace}`;
  }

  read(deadline: Millis): Promise<ReadResult> {
    return this.#answer(deadline, "read", () => this.#read());
  }

  async write(write: Write, deadline: Millis): Promise<WriteResult> {
    const { base } = write;
    const place = this.#place;
    const result = await this.#answer(deadline, "written", async (isLate) => {
      const order = { write, isLate };
      const written = await (base === null ? create(place, order, this.#newest.version) : replace(place, order, base));
      if (written.kind === "stored") this.#saw(written.lease);
      return written;
    });
    if (result.kind === "stored") this.#tidyUp();
    return result;
  }

  watch(since: string | null, listener: WatchListener): Watch {
    const look = (known: string | null): Promise<ReadResult | null> =>
      this.#answer(this.#place.clock.now() + ownLimit, "read", async () => {
        const version = await highestVersion(this.#place);
        return version !== null && String(version) === known ? null : this.#readFor(known);
      });
    const onEnd = (over: FileWatch): void => void this.#watches.delete(over);
    const watch = new FileWatch({ place: this.#place, since, listener, look, onEnd });
    this.#watches.add(watch);
    return watch;
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#queue.close();
  }

  async #answer<T>(
    deadline: Millis,
    doing: "read" | "written",
    work: (isLate: () => boolean) => Promise<T>,
  ): Promise<T | StoreFailure> {
    const { clock, folder } = this.#place;
    const begun = clock.now();
    try {
      const answer = await this.#queue.run(deadline, work);
      return answer === late ? lateFailure(folder, clock.now() - begun) : answer;
    } catch (error) {
      return failureOf(error, doing, folder);
    }
  }

  async #readFor(known: string | null): Promise<ReadResult | null> {
    const found = await this.#read();
    return found.kind === "missing" && known === null ? null : found;
  }

  async #read(): Promise<ReadResult> {
    const place = this.#place;
    let oldPath: string | null = null;
    for (let looks = 0; looks < looksForOneRead; looks++) {
      const version = await highestVersion(place);
      if (version === null) {
        await sameDirectory(place);
        return { kind: "missing" };
      }
      const record = await openRecord(place, version);
      if (record === null) continue;
      await record.file.close();
      const { lease } = record;
      if (this.#saw(lease)) return { kind: "found", lease, serverTime: place.clock.wall() };
      oldPath = recordPath(place.folder, version);
      await setTimeout(deletionTime); // somebody deletes the Lease, file by file
    }
    throw rolledBack(oldPath ?? place.folder, place.folder);
  }

  /** False when a newer version of the same Lease is known: it was deleted, or is being deleted, file by file. */
  #saw({ uid, version }: StoredLease): boolean {
    if (uid === this.#newest.uid && Number(version) < this.#newest.version) return false;
    this.#newest = { version: Math.max(Number(version), this.#newest.version), uid };
    return true;
  }

  #tidyUp(): void {
    const work = (): Promise<void> => collect(this.#place);
    void this.#queue.run(this.#place.clock.now() + ownLimit, work);
  }
}
