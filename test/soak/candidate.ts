import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { FaultProxy } from "../lab/index.ts";
import type { Warden } from "../lab/warden.ts";
import { product, shortTimes } from "../support/candidate.ts";
import { journalNow } from "../support/journal.ts";
import { childrenOf, isAlive } from "../support/processes.ts";
import type { Temper } from "./plan.ts";

const probe = join(import.meta.dirname, "probe.cjs");

/** Milliseconds that a candidate has to end after it was told to: its grace (2 s), a release, a slow machine. */
const patience = 40_000;
/** Exit code of flock(1) for a command that another one is still in the way of. */
export const refusedByFlock = 99;
/**
 * Its command's own end; a loss; a command that was killed; a polite stop while standing by, or before the command had its
 * handler of SIGTERM.
 */
const rightCodes = new Set([0, 75, 137, 143]);

export interface Ended {
  readonly name: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** On the clock of the witness. */
  readonly at: number;
  /** What is wrong with this end; undefined when nothing is. */
  readonly wrong: string | undefined;
  readonly stderr: string;
}

export interface Setting {
  /** Its --identity, which no other run has; leader-exec adds a random part. */
  readonly name: string;
  readonly lease: string;
  readonly kubeconfig: string;
  readonly proxy: FaultProxy;
  readonly lives: string;
  readonly lock: string;
  readonly warden: Warden;
  readonly temper: Temper;
}

/** One run of leader-exec in a soak, and what can be done to it. */
export class SoakCandidate {
  readonly name: string;
  readonly proxy: FaultProxy;
  readonly ended: Promise<Ended>;
  /** No second fault while leader-exec or its guard is out of action: together they are out of the promise. */
  hurtUntil = 0;
  #child: ChildProcess;
  #killed = false;
  #toldAt: number | undefined;
  #stderr = "";

  constructor(setting: Setting) {
    const { name, temper, warden } = setting;
    this.name = name;
    this.proxy = setting.proxy;
    const election = ["--enable-leader-election", "--lease-name", setting.lease, "--identity", name];
    const times = [...shortTimes, "--termination-grace-period", "2s"];
    const lock = ["flock", "--nonblock", "--conflict-exit-code", String(refusedByFlock), "--no-fork", setting.lock];
    const args = [...election, ...times, "--kubeconfig", setting.kubeconfig, "--", ...lock, process.execPath, probe];
    this.#child = spawn(process.execPath, [product, ...args], {
      env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...environment(setting.lives, temper) },
      stdio: ["ignore", "ignore", "pipe"],
      detached: true, // Ctrl-C ends the soak, which then ends its candidates
    });
    warden.watch(this.pid);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-6_000);
    });
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (code, signal) => {
        warden.forget(this.pid);
        const wrong = this.#judge(code, signal);
        resolve({ name, code, signal, at: journalNow(), wrong, stderr: this.#stderr });
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  owns(identity: string): boolean {
    return identity.startsWith(`${this.name}_`);
  }

  /** It has read the Lease, and so waits its duration out when it is deleted. */
  get knowsLease(): boolean {
    return / (acquired the Lease|standing by)/.test(this.#stderr);
  }

  /** True when it was told to end so long ago that it never will. */
  get hangs(): boolean {
    return this.#toldAt !== undefined && journalNow() > this.#toldAt + patience;
  }

  stop(): void {
    this.#toldAt ??= journalNow();
    this.#child.kill("SIGTERM");
  }

  kill(): void {
    this.#killed = true;
    this.#child.kill("SIGKILL");
  }

  freeze(): void {
    this.#child.kill("SIGSTOP");
  }

  thaw(): void {
    if (this.#toldAt !== undefined) this.#toldAt = journalNow();
    this.#child.kill("SIGCONT");
  }

  guard(): number | undefined {
    return childrenOf(this.pid).find((pid) => commandLine(pid).startsWith("lease-guard"));
  }

  command(): number | undefined {
    return childrenOf(this.pid).find((pid) => commandLine(pid).includes("probe.cjs"));
  }

  #judge(code: number | null, signal: NodeJS.Signals | null): string | undefined {
    if (signal !== null) return this.#killed && signal === "SIGKILL" ? undefined : `it died of ${signal}`;
    if (code === refusedByFlock) return "its command was started while another one lived (flock)";
    return rightCodes.has(code ?? -1) ? undefined : `it ended with ${String(code)}`;
  }
}

/** Sends a signal to a process that may be gone. */
export function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    if (isAlive(pid)) process.kill(pid, signal);
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ESRCH");
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch (error) {
    assert.match((error as NodeJS.ErrnoException).code ?? "", /^(ENOENT|ESRCH)$/);
    return "";
  }
}

const environment = (lives: string, temper: Temper): Record<string, string> => ({
  SOAK_LIVES: lives,
  SOAK_CLEANUP: String(temper.cleanup),
  ...(temper.ignoresTerm ? { SOAK_IGNORES: "yes" } : {}),
  ...(temper.leavesDaemon ? { SOAK_DAEMON: "yes" } : {}),
  ...(temper.endsAfter === null ? {} : { SOAK_FOR: String(temper.endsAfter) }),
});
