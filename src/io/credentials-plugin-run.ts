/** Runs a credential plugin once, so that it can neither hang us, nor write where the command writes, nor outlive us. */
import { spawn, type ChildProcess } from "node:child_process";
import type { Millis } from "../core/types.ts";
import { CredentialTrouble } from "./credentials-proof.ts";
import type { CredentialPlugin } from "./kubernetes-access.ts";

/** kubectl waits for ever; a plugin that asks a cloud for a token needs a second or three. */
const timeLimit: Millis = 30_000;
const outputLimit = 1024 * 1024;
/** So much of what it complained about last is quoted. */
const quoteLimit = 300;

export interface PluginRun {
  /** What it printed. Rejects with CredentialTrouble. */
  readonly output: Promise<string>;
  /** SIGKILLs it with everything in its process group. */
  kill(): void;
}

/** `where`: the configuration that names it, for the sentences. Never throws. */
export function runPlugin(
  plugin: CredentialPlugin,
  env: Readonly<Record<string, string | undefined>>,
  where: string,
): PluginRun {
  const name = `the credential plugin ${plugin.command} (from ${where})`;
  let child: ChildProcess;
  try {
    child = spawn(plugin.command, plugin.args, {
      detached: true, // a session of its own: no terminal to ask on, and a group to kill
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(plugin)) },
    });
  } catch (error) {
    const why = notStarted(error as NodeJS.ErrnoException, plugin);
    return { output: Promise.reject(new CredentialTrouble(`${name} could not be started: ${why}`)), kill: nothing };
  }
  const kill = () => killGroup(child);

  const output = new Promise<string>((resolve, reject) => {
    const fail = (what: string) => reject(new CredentialTrouble(`${name} ${what}`));
    let printed = "";
    let complained = "";
    const timer = setTimeout(() => {
      kill();
      fail(`did not answer within ${timeLimit / 1000} s and was killed; run it by hand to see what it waits for`);
    }, timeLimit);
    // Without a free descriptor there are no pipes, and "error" follows.
    child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
      printed += chunk;
      if (printed.length <= outputLimit) return;
      kill();
      fail("printed more than 1 MiB and was killed; it must print one ExecCredential");
    });
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      complained = (complained + chunk).slice(-quoteLimit);
    });
    child.on("error", (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      fail(`could not be started: ${notStarted(error, plugin)}`);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(printed);
      else fail(`${ending(code, signal)}${quote(complained)}; run it by hand to see why`);
    });
  });
  return { output, kill };
}

function nothing(): void {
  // it does not run
}

/** What the plugin is told in KUBERNETES_EXEC_INFO (client.authentication.k8s.io ExecCredential). */
function execInfo({ apiVersion, cluster }: CredentialPlugin): object {
  const spec = { interactive: false, ...(cluster === undefined ? {} : { cluster }) };
  return { apiVersion, kind: "ExecCredential", spec };
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // ESRCH: the whole group has ended by itself. EPERM: it became another user's, which is not ours to end
  }
  child.stdout?.destroy(); // else a descendant that left the group and holds the pipe would keep us waiting
  child.stderr?.destroy();
}

function notStarted(error: NodeJS.ErrnoException, plugin: CredentialPlugin): string {
  const hint = plugin.installHint === undefined ? "" : ` (${oneLine(plugin.installHint)})`;
  if (error.code === "ENOENT") return `it was not found; install it or correct exec.command${hint}`;
  if (error.code === "EACCES") return `it is not executable; correct its permissions or exec.command${hint}`;
  return `${error.message}; correct exec.command${hint}`;
}

function ending(code: number | null, signal: string | null): string {
  return code === null ? `died of ${signal ?? "a signal"}` : `ended with exit code ${code}`;
}

function quote(complained: string): string {
  const text = oneLine(complained);
  return text === "" ? "" : `, saying "${text}"`;
}

/** Control characters have no business in a log line. */
function oneLine(text: string): string {
  return text.replace(/[\s\p{Cc}]+/gu, " ").trim();
}
