/**
 * Removes what no one needs any more: old versions of a Lease, and what killed writers left behind. Nothing depends on
 * when this runs, or whether it does.
 */
import { join } from "node:path";
import type { Millis } from "../core/types.ts";
import { isTemporary, isUnfinishedLease, recordPath, versionsIn, type Place } from "./lease-file-place.ts";
import { codeOf } from "./lease-file-system.ts";

/** So many of the last versions always stay: the writers' check after a link counts on it (lease-file-write.ts). */
export const keptVersions = 16;
/** And all younger than this, so that a slow reader or writer finds what it listed. */
const keptFor: Millis = 60_000;
/** A writer gives up after some seconds, so such a temporary file is nobody's; without it, a writer would only fail. */
const leftoverAfter: Millis = 600_000;

/**
 * One round. Versions go lowest first, each only after its predecessor is seen gone. Ends early, and says nothing, when
 * something cannot be removed: another user's file in a shared folder, or one that another candidate was faster to remove.
 */
export async function collect(place: Place): Promise<void> {
  try {
    const names = (await place.files.names(place.folder)) ?? [];
    for (const name of names.filter(isTemporary)) await removeLeftover(place, join(place.folder, name));
    const versions = versionsIn(names);
    const highest = versions.at(-1) ?? 0;
    for (const version of versions) {
      if (version > highest - keptVersions || !(await mayGo(place, version))) return;
      await removeFile(place, recordPath(place.folder, version));
    }
  } catch {
    return; // the next round tries again
  }
}

/** Removes the folders of Leases whose creator was killed, as far as they can be removed. */
export async function collectUnfinished(place: Place): Promise<void> {
  try {
    const names = (await place.files.names(place.namespaceFolder)) ?? [];
    for (const name of names.filter(isUnfinishedLease)) {
      const path = join(place.namespaceFolder, name);
      if (await isOld(place, path, leftoverAfter)) await place.files.removeAll(path);
    }
  } catch {
    return; // the next start tries again
  }
}

async function mayGo(place: Place, version: number): Promise<boolean> {
  const path = recordPath(place.folder, version);
  if (!(await isOld(place, path, keptFor))) return false;
  return (await place.files.inode(recordPath(place.folder, version - 1))) === null;
}

async function removeLeftover(place: Place, path: string): Promise<void> {
  if (await isOld(place, path, leftoverAfter)) await removeFile(place, path);
}

async function removeFile({ files }: Place, path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

/** A date in the future is old too: it is from before the wall clock was set back. */
async function isOld({ files, clock }: Place, path: string, age: Millis): Promise<boolean> {
  const changedAt = await files.changedAt(path);
  return changedAt !== null && Math.abs(clock.wall() - changedAt) > age;
}
