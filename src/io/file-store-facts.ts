/** Looks at the folder of a file store without making it: that is for the candidates, whose user it has to belong to. */
import { constants, type Stats } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Millis } from "../core/types.ts";
import { sharedKindOf } from "./lease-file-open.ts";
import { temporaryPath, unfinishedLeasePath } from "./lease-file-place.ts";
import { codeOf, realFiles } from "./lease-file-system.ts";
import { causeOf } from "./lease-file-trouble.ts";

export type FolderFacts =
  /** `above`: the nearest folder that exists. */
  | { readonly kind: "missing"; readonly path: string; readonly above: string; readonly writable: boolean }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "failed"; readonly path: string; readonly why: string }
  | {
      readonly kind: "folder";
      readonly path: string;
      readonly permissions: number;
      readonly owner: number;
      readonly usable: boolean;
      /** "ext4", or the number that statfs(2) gives. */
      readonly fileSystem: string;
      /** Other machines may write there as well: such a kind is refused. */
      readonly shared: boolean;
    };

const all = constants.R_OK | constants.W_OK | constants.X_OK;

export async function folderFacts(directory: string): Promise<FolderFacts> {
  const path = resolve(directory);
  try {
    const found = await statOrNull(path);
    if (found === null) return await missing(path);
    if (!found.isDirectory()) return { kind: "file", path };
    const type = await realFiles.typeOf(path);
    const kind = sharedKindOf(type);
    return {
      kind: "folder",
      path,
      permissions: found.mode & 0o7777,
      owner: found.uid,
      usable: await isUsable(path),
      fileSystem: kind ?? localKinds.get(type >>> 0) ?? `0x${(type >>> 0).toString(16)}`,
      shared: kind !== undefined,
    };
  } catch (error) {
    return { kind: "failed", path, why: causeOf(error) };
  }
}

/** Whether this Lease's namespace has a folder: without one it has no Lease. */
export async function hasNamespace(directory: string, namespace: string): Promise<boolean> {
  return (await statOrNull(join(directory, namespace)))?.isDirectory() === true;
}

/** Milliseconds that each of `count` records took to be written, synced and linked, in a folder that is gone afterwards; or why not. */
export async function tryWrites(folder: string, count: number): Promise<readonly Millis[] | string> {
  const aside = unfinishedLeasePath(folder);
  const took: Millis[] = [];
  try {
    await realFiles.makeFolder(aside, 0o700);
    for (let number = 0; number < count; number++) {
      const begun = performance.now();
      const temporary = temporaryPath(aside);
      await realFiles.writeNew(temporary, "{}\n", 0o600);
      await realFiles.link(temporary, join(aside, String(number)));
      await realFiles.syncFolder(aside);
      took.push(performance.now() - begun);
    }
    return took;
  } catch (error) {
    return causeOf(error);
  } finally {
    await realFiles.removeAll(aside).catch(() => undefined); // candidates remove what is left of such a folder
  }
}

/** The usual kinds that are local, by the numbers of statfs(2) (linux/magic.h). */
const localKinds = new Map([
  [0xef53, "ext4"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x2fc12fc1, "zfs"],
  [0xf2f52010, "f2fs"],
  [0x01021994, "tmpfs"],
  [0x794c7630, "overlayfs"],
]);

async function missing(path: string): Promise<FolderFacts> {
  let above = dirname(path);
  while ((await statOrNull(above)) === null && dirname(above) !== above) above = dirname(above);
  return { kind: "missing", path, above, writable: await isUsable(above) };
}

async function isUsable(path: string): Promise<boolean> {
  try {
    await access(path, all);
    return true;
  } catch {
    return false; // whatever the reason: the finding names the permissions
  }
}

async function statOrNull(path: string): Promise<Stats | null> {
  try {
    return await stat(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}
