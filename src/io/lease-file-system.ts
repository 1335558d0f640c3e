/** What the file store asks of the file system, as narrow as it is used; tests put a freeze, a fault or an odd disk here. */
import { watch, type BigIntStats } from "node:fs";
import { chmod, link, mkdir, open, readdir, rename, rm, stat, statfs, unlink } from "node:fs/promises";
import type { Millis } from "../core/types.ts";

export interface Files {
  /** Names in a folder; null when there is no such folder. */
  names(folder: string): Promise<readonly string[] | null>;
  /** Opens and reads a file; null when there is none. It is to be closed. */
  open(path: string): Promise<OpenFile | null>;
  /** Which file or folder this path leads to now; null when to none. */
  inode(path: string): Promise<string | null>;
  /** Last change by the wall clock; null when there is no such file. */
  changedAt(path: string): Promise<Millis | null>;
  /** Writes a file that must not exist yet; its content is on the disk when this is over. */
  writeNew(path: string, text: string, mode: number): Promise<void>;
  /** Brings the names in a folder to the disk. */
  syncFolder(folder: string): Promise<void>;
  link(existing: string, path: string): Promise<void>;
  unlink(path: string): Promise<void>;
  makeFolder(folder: string, mode: number): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  removeAll(path: string): Promise<void>;
  /** The type of the file system, as statfs(2) numbers them. */
  typeOf(folder: string): Promise<number>;
  /** Tells each name that changes in this folder (null: some name); throws where there is nothing to be watched. */
  watch(folder: string, changed: (name: string | null) => void): { close(): void };
}

export interface OpenFile {
  readonly text: string;
  /** As `Files.inode`; given to no other file while this one is open. */
  readonly inode: string;
  close(): Promise<void>;
}

/** No Lease is larger; what is, is cut off and so read as damaged. */
const largestRecord = 1 << 20;

export const realFiles: Files = {
  names: (folder) => orNull(readdir(folder)),
  async open(path) {
    const file = await orNull(open(path, "r"));
    if (file === null) return null;
    try {
      const found = await file.stat({ bigint: true });
      const size = Math.min(Number(found.size), largestRecord);
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size + 1), position: 0 });
      return { text: buffer.toString("utf8", 0, bytesRead), inode: idOf(found), close: () => file.close() };
    } catch (error) {
      await file.close();
      throw error;
    }
  },
  async inode(path) {
    const found = await orNull(stat(path, { bigint: true }));
    return found === null ? null : idOf(found);
  },
  async changedAt(path) {
    return (await orNull(stat(path)))?.mtimeMs ?? null;
  },
  async writeNew(path, text, mode) {
    const file = await open(path, "wx", mode);
    try {
      await file.chmod(mode); // whatever the umask is
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  async syncFolder(folder) {
    const opened = await open(folder, "r");
    try {
      await opened.sync();
    } finally {
      await opened.close();
    }
  },
  link,
  unlink,
  async makeFolder(folder, mode) {
    await mkdir(folder, { mode });
    await chmod(folder, mode);
  },
  rename,
  removeAll: (path) => rm(path, { recursive: true, force: true }),
  typeOf: async (folder) => (await statfs(folder)).type,
  watch(folder, changed) {
    const watcher = watch(folder, (_event, name) => changed(name));
    watcher.on("error", () => watcher.close()); // polling stands behind it
    return watcher;
  },
};

/** The code of a file system's error ("ENOENT"); "" when it is another error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
}

async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function idOf({ dev, ino }: BigIntStats): string {
  return `${dev.toString()}:${ino.toString()}`;
}
