import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { LocalTrouble } from "../world.ts";
import { refuseAsPath, unusable, type FileStoreOptions } from "./lease-file-open.ts";
import type { Place } from "./lease-file-place.ts";
import { codeOf, type Files } from "./lease-file-system.ts";

/** The place of a Lease for who only reads, or writes over what is there: nothing is created or tried. Rejects with LocalTrouble. */
export async function placeToRead(options: FileStoreOptions, files: Files): Promise<Place> {
  const { namespace, lease, clock } = options;
  for (const name of [namespace, lease]) refuseAsPath(name);
  const directory = resolve(options.directory);
  const directoryInode = await files.inode(directory).catch((error: unknown) => {
    throw unusable(directory, error);
  });
  if (directoryInode === null)
    throw new LocalTrouble(
      `the lease store ${directory} is not there: nobody has used it yet, or the path is wrong; see that it is the DIR of the candidates`,
    );
  const namespaceFolder = join(directory, namespace);
  const folder = join(namespaceFolder, lease);
  const modes = await modesOf(folder);
  return { files, clock, namespace, lease, directory, directoryInode, namespaceFolder, folder, ...modes };
}

/** What is written gets the permissions of the Lease's folder, as all that was written before. */
async function modesOf(folder: string): Promise<Pick<Place, "folderMode" | "fileMode">> {
  try {
    const { mode } = await stat(folder);
    return { folderMode: mode & 0o3777, fileMode: mode & 0o666 };
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw unusable(folder, error);
    return { folderMode: 0o700, fileMode: 0o600 }; // no Lease: nothing will be written
  }
}
