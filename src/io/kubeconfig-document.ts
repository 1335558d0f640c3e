/** A kubeconfig as a file: what stands in it, or one sentence about why it cannot be used. */
import { readFileSync, statSync } from "node:fs";
import { load, YAMLException } from "js-yaml";
import { LocalTrouble } from "../world.ts";
import { isObject, text, type Json } from "./json.ts";

/** Meanings of error codes, of errno(3), each with a way out. */
const unreadable: Readonly<Record<string, string>> = {
  ENOENT: "it does not exist; correct the path",
  ENOTDIR: "a part of its path is a file; correct the path",
  EISDIR: "it is a folder; give the path of the file in it",
  ELOOP: "its symbolic links lead in a circle; correct the path",
  EACCES: "permission denied; give this user read access to it",
  EPERM: "permission denied; give this user read access to it",
};
/** The end of sentences. */
export const orAnother = "or give another one with --kubeconfig";

/** Those of KUBECONFIG's paths that are there. Throws LocalTrouble when none is. */
export function existing(paths: readonly string[]): readonly string[] {
  const found = paths.filter(isThere);
  if (found.length > 0) return found;
  throw new LocalTrouble(
    `KUBECONFIG names only what does not exist: ${paths.join(", ")}; correct or unset KUBECONFIG, or give --kubeconfig`,
  );
}

/** One that may not be looked at is there: who reads it tells why it cannot. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

/** The content and what it means; an empty file says nothing, and is no error for kubectl either. Throws LocalTrouble. */
export function readDocument(path: string): { readonly content: string; readonly document: Json } {
  const content = contentOf(path);
  const document = parsed(content, path) ?? {};
  if (!isObject(document))
    throw unusable(path, `it is not a map with clusters, users and contexts; correct the file, ${orAnother}`);
  const kind = text(document, "kind");
  if (kind !== undefined && kind !== "Config")
    throw unusable(
      path,
      `it is of the kind "${kind}", and a kubeconfig of the kind "Config"; correct the path, ${orAnother}`,
    );
  return { content, document };
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && path.startsWith("~/"))
      throw unusable(
        path,
        `there is no folder called "~", which shells replace only at the beginning of a word; write $HOME${path.slice(1)}`,
      );
    throw unusable(path, `${whyUnreadable(error)}, ${orAnother}`);
  }
}

/** What is wrong with a file and, behind a semicolon, what to do. */
export function whyUnreadable(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return unreadable[code] ?? `${message}; correct the path`;
}

function parsed(content: string, path: string): unknown {
  try {
    return load(content);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { reason, mark } = error as { reason: string; mark?: { line: number; column: number } };
    const place = mark === undefined ? "" : ` at line ${mark.line + 1}, column ${mark.column + 1}`;
    throw unusable(path, `it is no YAML (${reason}${place}); correct the file, ${orAnother}`);
  }
}

/** `why`: what is wrong and, behind a semicolon, what to do. */
export function unusable(path: string, why: string): LocalTrouble {
  return new LocalTrouble(`cannot use the kubeconfig ${path}: ${why}`);
}
