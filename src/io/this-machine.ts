/** What this process and this machine say of themselves. */
import { hostname } from "node:os";
import type { StartFailure } from "../core/types.ts";
import { LocalTrouble } from "../world.ts";
import { currentFolder, findExecutable } from "./executable.ts";
import { checkProc } from "./proc.ts";

export interface ThisMachine {
  /** "v20.19.0" */
  readonly node: string;
  readonly platform: NodeJS.Platform;
  readonly hostname: string;
  readonly pid: number;
}

export function thisMachine(): ThisMachine {
  return { node: process.version, platform: process.platform, hostname: hostname(), pid: process.pid };
}

/** Why /proc is of no use; null: it shows us. */
export function procTrouble(): string | null {
  return messageOf(checkProc);
}

/** Where the command is, or why it cannot be started. */
export function searchCommand(
  command: string,
  env: Readonly<Record<string, string | undefined>>,
): { readonly path: string } | StartFailure {
  try {
    return findExecutable(command, env, currentFolder());
  } catch (error) {
    if (error instanceof LocalTrouble) return { reason: "failed", message: error.message };
    throw error;
  }
}

function messageOf(check: () => void): string | null {
  try {
    check();
    return null;
  } catch (error) {
    if (error instanceof LocalTrouble) return error.message;
    throw error;
  }
}
