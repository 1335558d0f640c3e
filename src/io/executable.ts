import { accessSync, constants, statSync } from "node:fs";
import { resolve } from "node:path";
import type { StartFailure } from "../core/types.ts";
import { LocalTrouble } from "../world.ts";

/** Throws LocalTrouble when it was removed: nothing can be started there. */
export function currentFolder(): string {
  try {
    return process.cwd();
  } catch {
    throw new LocalTrouble("the current folder does not exist any more; change to another one and start again");
  }
}

/** What execvp(3) of glibc searches when PATH is not set at all. */
const defaultPath = "/bin:/usr/bin";

export type ExecutableSearch = { readonly kind: "found"; readonly path: string } | StartFailure;

/**
 * Looks a command up as execvp(3) would, so that a wrong one is refused before any election. A name with a slash is a path
 * from `cwd`; else each folder of PATH is tried, an empty one meaning `cwd`, and what may not be executed is passed over.
 * This cannot promise that the start succeeds, only that a failure that shows now would show then.
 */
export function findExecutable(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): ExecutableSearch {
  if (command.includes("/")) return verdict(command, resolve(cwd, command));
  const path = env["PATH"] ?? defaultPath;
  const nowhere = notFound(
    `command "${command}" was not found in PATH (${path}); install it, or give its full path after --`,
  );
  if (command === "") return notFound("the command after -- is empty; put the program's name there");
  let obstacle: StartFailure | null = null;
  for (const folder of path.split(":")) {
    const found = verdict(command, resolve(cwd, folder, command));
    if ("path" in found) return found;
    if (found.reason === "not-executable") obstacle ??= found;
  }
  return obstacle ?? nowhere;
}

function verdict(command: string, path: string): ExecutableSearch {
  const named = command === path ? `"${path}"` : `"${command}" (${path})`;
  try {
    const file = statSync(path);
    if (!file.isFile())
      return notExecutable(
        `command ${named} is ${file.isDirectory() ? "a directory" : "no regular file"}; give the path of a program after --`,
      );
    accessSync(path, constants.X_OK);
    return { kind: "found", path };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR")
      return notFound(`command ${named} does not exist; correct the path after --`);
    return notExecutable(
      `command ${named} may not be executed (${String(code)}); chmod +x it, or start it with its interpreter, ` +
        `for example: -- sh ${command}`,
    );
  }
}

/** Why a spawn failed, from the code of its error; the same words as `findExecutable` where it could have known. */
export function spawnFailure(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
  error: { readonly code: string; readonly message: string },
): StartFailure {
  const search = findExecutable(command, env, cwd);
  if (!("path" in search)) return search;
  const at = `command "${command}" (${search.path})`;
  switch (error.code) {
    case "ENOENT":
      return notFound(
        `${at} exists, but its interpreter or loader, or the current folder, does not; look at its first line (#!)`,
      );
    case "ENOEXEC":
      return notExecutable(
        `${at} is no program for this machine and has no #! line; add one, or start it with its interpreter`,
      );
    case "EACCES":
    case "EPERM":
    case "ETXTBSY":
      return notExecutable(`${at} may not be executed (${error.code}); look at its permissions`);
    case "E2BIG":
      return failed(`${at} could not be started: arguments and environment are too long (E2BIG)`);
    case "EAGAIN":
      return failed(
        `${at} could not be started: no further process is allowed (EAGAIN); raise the limit of processes ` +
          "(ulimit -u, pids.max) or end some",
      );
    default:
      return failed(`${at} could not be started: ${error.message || error.code}`);
  }
}

const notFound = (message: string): StartFailure => ({ reason: "not-found", message });
const notExecutable = (message: string): StartFailure => ({ reason: "not-executable", message });
const failed = (message: string): StartFailure => ({ reason: "failed", message });
