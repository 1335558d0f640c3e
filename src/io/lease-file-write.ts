/**
 * Compare-and-swap on files. The Lease is a folder; each version is a file in it, never changed once it has its name.
 *
 * **Replace** version v: write a temporary file in the folder, fsync it, link(2) it to v+1, fsync the folder. link fails when the
 * name exists: of all who saw v, one gets v+1. That would be all if old versions were never collected. The danger is a writer
 * that is frozen before its link until v+1 has been written by another and collected: its link succeeds. So, after it:
 *
 * 1. *Is the file we read as v still what v names?* Versions are collected lowest first, a version only after its
 *    predecessor is seen gone (lease-file-collect.ts). So while v is there v+1 was never collected: our link was the first, and
 *    the write was applied in the instant of the link, whatever has been written on top of it since. We hold v open, so no
 *    other file can be given its inode number.
 * 2. *Does no version 16 or more above ours exist?* The last 16 are never collected: with none such, v+1 cannot have been.
 *
 * Either alone would do if looking at a folder were atomic. It is nearly so: a name that exists during the whole look is found,
 * but one may be missed that was collected during it, together with all that were created meanwhile. For that 16 writes must
 * fall into each of the two looks (before and after the link), and what is collected must be a minute old, while both
 * lie within one request of some seconds. If one of the checks fails, our slot is removed (it lies below the newest, so nobody
 * takes it for the Lease, even when we die before) and the answer is a failure: it says nothing, and the core looks again.
 *
 * **Create**: a folder with its first version is made aside, fsynced, and renamed to the Lease's name. rename(2) fails when
 * that is a folder with something in it, so one of all creators succeeds, though each chose a version of its own: the time of day
 * in milliseconds, or one more than the newest version it has seen. Versions grow by one with each write, much slower than the time
 * of day, so they grow across a deletion by hand too, and with them the fencing tokens (not if all who knew the Lease are gone
 * *and* the clock was set back by more than the Lease's age; nothing is left then to know it by).
 * A deletion takes the temporary files along, so no writer from before can link into the folder of the new Lease.
 *
 * **Crash, power loss**: a name appears after its content is on the disk, so a torn record has no name; a write is
 * acknowledged after its name is on the disk, so an acknowledged one is never lost, and no version is given out twice.
 */
import { randomUUID } from "node:crypto";
import type { StoredLease, Write, WriteResult } from "../core/lease.ts";
import { keptVersions } from "./lease-file-collect.ts";
import {
  highestVersion,
  isTemporary,
  openRecord,
  recordPath,
  temporaryPath,
  unfinishedLeasePath,
  type OpenRecord,
  type Place,
} from "./lease-file-place.ts";
import { codeOf } from "./lease-file-system.ts";
import { folderReplaced, overtaken } from "./lease-file-trouble.ts";
import { formatMicroTime, leaseObject, parseLease } from "./lease-json.ts";

/** `isLate`: nobody waits for the answer any more, so nothing is to become visible. */
export interface WriteOrder {
  readonly write: Write;
  readonly isLate: () => boolean;
}

const conflict: WriteResult = { kind: "conflict" };

/** Rejects when something fails; what was written may be visible then, or not. */
export async function replace(place: Place, { write, isLate }: WriteOrder, base: StoredLease): Promise<WriteResult> {
  const version = await highestVersion(place);
  if (version === null) return { kind: "missing" };
  if (String(version) !== base.version) return conflict;
  const current = await openRecord(place, version);
  if (current === null) return conflict;
  try {
    if (current.lease.uid !== base.uid) return conflict;
    const lease = nextLease(place, write, { uid: base.uid, resourceVersion: String(version + 1) });
    if (!(await putInPlace(place, version + 1, lease.text, isLate))) return conflict;
    await confirm(place, current, version);
    return { kind: "stored", lease: lease.stored, serverTime: place.clock.wall() };
  } finally {
    await current.file.close();
  }
}

/** As replace. `newest`: the highest version ever seen of this Lease. */
export async function create(place: Place, { write, isLate }: WriteOrder, newest: number): Promise<WriteResult> {
  const { files, clock, namespaceFolder, folder, folderMode, fileMode } = place;
  if ((await highestVersion(place)) !== null) return conflict;
  await sameDirectory(place);
  const version = Math.max(Math.floor(clock.wall()), newest + 1);
  const creationTimestamp = `${formatMicroTime(clock.wall()).slice(0, 19)}Z`;
  const lease = nextLease(place, write, { uid: randomUUID(), resourceVersion: String(version), creationTimestamp });
  const aside = unfinishedLeasePath(namespaceFolder);
  try {
    if ((await files.inode(namespaceFolder)) === null) await files.makeFolder(namespaceFolder, folderMode);
    await files.makeFolder(aside, folderMode);
    await files.writeNew(recordPath(aside, version), lease.text, fileMode);
    await files.syncFolder(aside);
    await removeLeftovers(place);
    if (isLate()) return conflict;
    await files.rename(aside, folder);
  } catch (error) {
    if (codeOf(error) === "ENOTEMPTY" || codeOf(error) === "EEXIST") return conflict;
    throw error;
  } finally {
    await files.removeAll(aside);
  }
  await files.syncFolder(namespaceFolder);
  await files.syncFolder(place.directory); // in case the namespace's folder is new
  return { kind: "stored", lease: lease.stored, serverTime: place.clock.wall() };
}

/** True when this content got this version. */
async function putInPlace({ files, folder, fileMode }: Place, version: number, text: string, isLate: () => boolean) {
  const temporary = temporaryPath(folder);
  try {
    await files.writeNew(temporary, text, fileMode);
    if (isLate()) return false;
    await files.link(temporary, recordPath(folder, version));
  } catch (error) {
    // EEXIST: somebody was faster. ENOENT: the Lease has been deleted, or our file was taken for a leftover.
    if (codeOf(error) === "EEXIST" || codeOf(error) === "ENOENT") return false;
    throw error;
  } finally {
    await removeQuietly(files, temporary);
  }
  await files.syncFolder(folder);
  return true;
}

/** The two questions to ask after a link. */
async function confirm(place: Place, base: OpenRecord, version: number): Promise<void> {
  const inPlace = (await place.files.inode(recordPath(place.folder, version))) === base.file.inode;
  const highest = await highestVersion(place);
  if (inPlace && highest !== null && highest < version + 1 + keptVersions) return;
  const slot = recordPath(place.folder, version + 1);
  await removeQuietly(place.files, slot);
  throw overtaken(slot);
}

function nextLease({ namespace, lease }: Place, write: Write, metadata: Readonly<Record<string, string>>) {
  const object = leaseObject(write, lease, namespace);
  const whole = { ...object, metadata: { ...(object["metadata"] as object), ...metadata } };
  const stored = parseLease(whole);
  if (stored === null) throw new Error("a Lease of ours is no Lease");
  return { stored, text: `${JSON.stringify(whole, null, 2)}\n` };
}

/** What a deletion by hand left in the folder; without its temporary file a frozen writer fails. */
async function removeLeftovers({ files, folder }: Place): Promise<void> {
  const names = (await files.names(folder)) ?? [];
  for (const name of names.filter(isTemporary)) await removeQuietly(files, `${folder}/${name}`);
}

/** Rejects when DIR is not the folder that was opened: "missing" would be said of a Lease that is only out of sight. */
export async function sameDirectory({ files, directory, directoryInode }: Place): Promise<void> {
  if ((await files.inode(directory)) !== directoryInode) throw folderReplaced(directory);
}

async function removeQuietly(files: Place["files"], path: string): Promise<void> {
  try {
    await files.unlink(path);
  } catch {
    return; // it is gone already, or is collected later
  }
}
