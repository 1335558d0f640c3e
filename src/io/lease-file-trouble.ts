/** What a user is told when the file store does not work: what happened, to what, what to do. */
import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import { codeOf } from "./lease-file-system.ts";

/** The store found something that no request can go on with. */
export class FileTrouble extends Error {
  override readonly name = "FileTrouble";
  readonly reason: StoreFailure["reason"];

  constructor(reason: StoreFailure["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** Meanings of error codes: of errno(3), in words, with a way out. */
const causes: Readonly<Record<string, string>> = {
  EACCES: "permission denied; give this user read and write access to the folder and everything in it",
  EPERM: "operation not permitted; give this user read and write access to the folder and everything in it",
  EROFS: "the file system is read-only; mount it writable, or use another folder",
  ENOSPC: "no space is left on the disk; free some",
  EDQUOT: "the disk quota is used up; free some space, or raise the quota",
  EMFILE: "this process has too many open files; raise the limit (ulimit -n)",
  ENFILE: "this machine has too many open files; raise the limit (sysctl fs.file-max)",
  EIO: "the disk reports an error; look into the kernel's log",
  ENOTDIR: "a part of the path is a file; move it away, or use another folder",
  ENOENT: "it is not there",
};
const unwritable = new Set(["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"]);

/** The cause of a file system's error, in words. */
export function causeOf(error: unknown): string {
  return causes[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));
}

/** The failure to answer with when work in this folder was rejected. */
export function failureOf(error: unknown, doing: "read" | "written", folder: string): StoreFailure {
  if (error instanceof FileTrouble) return { kind: "failed", reason: error.reason, message: error.message };
  const reason = unwritable.has(codeOf(error)) ? "unwritable" : "unexpected";
  return { kind: "failed", reason, message: `The Lease in ${folder} cannot be ${doing}: ${causeOf(error)}.` };
}

/** The failure to answer with at the deadline, or at once while something older still hangs. */
export function lateFailure(folder: string, waited: Millis): StoreFailure {
  const time = waited < 1 ? "in time" : `within ${Math.round(waited)} ms`;
  return {
    kind: "failed",
    reason: "timeout",
    message: `The file system of ${folder} gave no answer ${time}; if this goes on, see whether its disk works.`,
  };
}

/** Nothing may be built on such a record: whose it was, and for how long, is not known. */
export function damaged(path: string, what: string, folder: string): FileTrouble {
  return new FileTrouble(
    "damaged",
    `The Lease record ${path} is damaged: ${what}. Stop all candidates of this Lease, see that no command of theirs runs ` +
      `any more, delete the folder ${folder}, and start them again.`,
  );
}

/** Older records stand where newer ones were: what they say was over long ago. */
export function rolledBack(path: string, folder: string): FileTrouble {
  return damaged(path, "newer records that were there have been deleted", folder);
}

export function folderReplaced(directory: string): FileTrouble {
  return new FileTrouble(
    "unwritable",
    `The folder ${directory} was deleted, replaced or unmounted while it was in use; bring it back, or restart leader-exec.`,
  );
}

/** The write may have been applied and followed by others', or not at all. */
export function overtaken(path: string): FileTrouble {
  return new FileTrouble(
    "unexpected",
    `While the Lease record ${path} was being written, others deleted or replaced the records around it; ` +
      "whether it counted is not known, so the Lease is looked at again.",
  );
}
