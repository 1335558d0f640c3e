/** Looks at the folder of a file store once, at the start: what is wrong with it will not mend itself. */
import { mkdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { LocalTrouble, type Clock } from "../world.ts";
import { collectUnfinished } from "./lease-file-collect.ts";
import { temporaryPath, unfinishedLeasePath, type Place } from "./lease-file-place.ts";
import { codeOf, type Files } from "./lease-file-system.ts";
import { causeOf } from "./lease-file-trouble.ts";

export interface FileStoreOptions {
  /** DIR; a relative one counts from the working directory. */
  readonly directory: string;
  readonly namespace: string;
  readonly lease: string;
  readonly clock: Clock;
}

/**
 * File systems that other machines may write at the same time, by the numbers of statfs(2) (linux/magic.h). On them the
 * order of what two machines do is not that of one folder. FUSE does not tell whether anything local is behind it.
 */
const refusedTypes = new Map([
  [0x6969, "NFS"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x517b, "SMB"],
  [0x01021997, "9P"],
  [0x65735546, "FUSE or virtiofs"],
  [0x00c36400, "Ceph"],
  [0x0bd00bd0, "Lustre"],
  [0x19830326, "BeeGFS"],
  [0x47504653, "GPFS"],
  [0x5346414f, "AFS"],
  [0x6b414653, "AFS"],
  [0x73757245, "Coda"],
  [0x564c, "NCP"],
  [0x01161970, "GFS2"],
  [0x7461636f, "OCFS2"],
  [0x20030528, "OrangeFS"],
  [0xaad7aaea, "PanFS"],
  [0x786f4256, "VirtualBox shared folder"],
]);
const noHardLinks = new Set(["EPERM", "EOPNOTSUPP", "ENOTSUP", "ENOSYS", "EMLINK", "EINVAL"]);

/** What kind of network or shared file system this type is, by its number; undefined: none that is known. */
export function sharedKindOf(type: number): string | undefined {
  return refusedTypes.get(type >>> 0);
}

/** Rejects with LocalTrouble. */
export async function preparePlace(options: FileStoreOptions, files: Files): Promise<Place> {
  const { namespace, lease, clock } = options;
  for (const name of [namespace, lease]) refuseAsPath(name);
  const directory = resolve(options.directory);
  const [directoryInode, permissions] = await openDirectory(directory, files);
  await refuseNetwork(directory, files);
  const namespaceFolder = join(directory, namespace);
  const place: Place = {
    files,
    clock,
    namespace,
    lease,
    directory,
    directoryInode,
    namespaceFolder,
    folder: join(namespaceFolder, lease),
    folderMode: permissions,
    fileMode: permissions & 0o666,
  };
  try {
    if ((await files.inode(namespaceFolder)) === null) await makeNamespace(place);
    await collectUnfinished(place);
  } catch (error) {
    throw unusable(namespaceFolder, error);
  }
  await tryHardLink(place);
  return place;
}

/** Names come from the command line, where they were checked to be DNS names; no other may lead out of DIR. */
export function refuseAsPath(name: string): void {
  if (/^[a-z0-9][a-z0-9.-]*$/i.test(name)) return;
  throw new LocalTrouble(
    `"${name}" cannot name a Lease or a namespace; use lower case letters, digits, "-" and ".", beginning with a letter or digit.`,
  );
}

async function openDirectory(directory: string, files: Files): Promise<[string, number]> {
  try {
    await makeFolders(directory);
    const found = await stat(directory);
    const inode = await files.inode(directory);
    if (found.isDirectory() && inode !== null) return [inode, found.mode & 0o3777];
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw unusable(directory, error);
  }
  throw new LocalTrouble(`The lease store ${directory} is a file; give a folder: --lease-store file:DIR.`);
}

/** As mkdir -p. Node's own recursive mkdir never ends where the system answers ENOENT below a folder that exists (/proc). */
async function makeFolders(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    if (codeOf(error) !== "ENOENT" || dirname(folder) === folder) throw error;
    await makeFolders(dirname(folder));
    await makeOne(folder);
  }
}

async function makeOne(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

async function refuseNetwork(directory: string, files: Files): Promise<void> {
  if (process.platform !== "linux") return; // other systems number their file systems as they are loaded
  const kind = sharedKindOf(await files.typeOf(directory));
  if (kind === undefined) return;
  throw new LocalTrouble(
    `The lease store ${directory} is on a network or shared file system (${kind}), where two machines could both lead; ` +
      "use a folder on a local disk, or --lease-store kubernetes to elect among machines.",
  );
}

/** Several candidates may start at once. */
async function makeNamespace({ files, directory, namespaceFolder, folderMode }: Place): Promise<void> {
  try {
    await files.makeFolder(namespaceFolder, folderMode);
    await files.syncFolder(directory);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** Does once what each write does. */
async function tryHardLink({ files, namespaceFolder, folderMode, fileMode }: Place): Promise<void> {
  const aside = unfinishedLeasePath(namespaceFolder);
  try {
    await files.makeFolder(aside, folderMode);
    const temporary = temporaryPath(aside);
    await files.writeNew(temporary, "", fileMode);
    await files.link(temporary, join(aside, "linked"));
  } catch (error) {
    if (error instanceof Error && "syscall" in error && error.syscall === "link" && noHardLinks.has(codeOf(error))) {
      throw new LocalTrouble(
        `The file system of the lease store ${namespaceFolder} has no hard links (${codeOf(error)}), which make a write ` +
          "safe; use a folder on ext4, xfs, btrfs, zfs, overlayfs or tmpfs.",
      );
    }
    throw unusable(namespaceFolder, error);
  } finally {
    await files.removeAll(aside);
  }
}

export function unusable(folder: string, error: unknown): LocalTrouble {
  return new LocalTrouble(`The lease store ${folder} cannot be used: ${causeOf(error)}.`);
}
