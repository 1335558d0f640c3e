/** What is looked at before anything is contacted: the machine, the command, our own environment. */
import { checkCgroup } from "./io/birthplace.ts";
import { currentFolder, findExecutable } from "./io/executable.ts";
import { checkProc } from "./io/proc.ts";
import type { StartFailure } from "./core/types.ts";
import type { Options } from "./options.ts";
import { LocalTrouble } from "./world.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws LocalTrouble where leader-exec cannot keep its promise at all; answers with what the user should be warned of. */
export function checkMachine(options: Options, platform: NodeJS.Platform, env: Environment): string[] {
  if (platform === "win32")
    throw new LocalTrouble(
      "leader-exec does not run on Windows: it stops commands by POSIX signals; use Linux, or WSL",
    );
  const warnings = nodeOptionsWarning(env["NODE_OPTIONS"] ?? "");
  if (platform === "darwin")
    warnings.push(
      "on macOS only the command's process group is followed: use this for development, and Linux for the full promise",
    );
  else if (options.guard) checkProc();
  if (options.processTree === "cgroup") checkCgroup();
  if (options.election && !options.guard)
    warnings.push(
      "--guard off: a crash or a freeze of leader-exec can leave the command running beside the next holder's",
    );
  return warnings;
}

/** Why the command cannot be started, found out before contending; null when nothing shows yet. */
export function checkCommand(options: Options, env: Environment): StartFailure | null {
  const search = findExecutable(options.command[0], env, currentFolder());
  return "path" in search ? null : search;
}

/** NODE_OPTIONS is meant for the command most of the time, but hits leader-exec too: a debugger, a tracer, its memory. */
export function nodeOptionsWarning(nodeOptions: string): string[] {
  const meant = /(?:^|\s)(--inspect[\w-]*|--require|-r|--import|--experimental-loader|--loader)(?=[\s=]|$)/.exec(
    nodeOptions,
  );
  if (meant === null) return [];
  return [
    `NODE_OPTIONS has ${meant[1] ?? ""}, which acts on leader-exec as well as on the command; to give it to the command alone: ` +
      "unset it and start -- env NODE_OPTIONS=... node worker.js",
  ];
}
