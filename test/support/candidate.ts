import assert from "node:assert/strict";
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { until } from "../lab/until.ts";
import { Journal } from "./journal.ts";

const root = join(import.meta.dirname, "..", "..");
/** The built product, as a user starts it. */
export const product = join(root, "bin", "leader-exec.cjs");
const probe = join(root, "test", "fixtures", "probe.cjs");

/** Short times, so that tests need not wait long: a lease of 5 s, to be renewed within 2 s. */
export const shortTimes = "--lease-duration 5s --renew-deadline 2s --retry-period 500ms --kill-after 1s".split(" ");
export const leaseSpan = 5_000;

export interface LogRecord {
  readonly level: string;
  readonly message: string;
  readonly phase?: string;
  readonly exitCode?: number;
  readonly identity?: string;
}

export interface Start {
  readonly args?: readonly string[];
  /** What stands behind `--`; the probe when it is not given. */
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly stdio?: StdioOptions;
  /** A program, with arguments, that becomes leader-exec by exec: ["nsenter", "--net=...", "--"]. */
  readonly through?: readonly string[];
  /** A whole command line that becomes leader-exec by exec, instead of all of the above. */
  readonly instead?: readonly string[];
}

const lostExitCode = 75;

/** A leader-exec lost its Lease before a test could hit it: on a machine that is busy enough, any may. */
export class LostBefore extends Error {
  override readonly name = "LostBefore";
}

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One leader-exec of the built product, with its log. SIGKILLed after the test, and its guard then kills the command. */
export class Candidate {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  stdout = "";
  stderr = "";
  /** It has ended, and nobody else holds its stdout and stderr: no command of it, and no guard. */
  isClosed = false;

  constructor(
    t: TestContext,
    { args = [], command = [process.execPath, probe], env = {}, stdio, through = [], instead }: Start,
  ) {
    const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs(name)));
    const usual = [...through, process.execPath, product, ...args, "--", ...command];
    const [file = "", ...more] = instead ?? usual;
    this.child = spawn(file, more, {
      env: { ...clean, ...env },
      stdio: stdio ?? ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve) => this.child.once("close", (code, signal) => resolve({ code, signal })));
    void this.exited.then(() => (this.isClosed = true));
    // A test that waits for an end which never comes must fail soon, and leave nothing behind.
    const limit = setTimeout(() => this.child.kill("SIGKILL"), 120_000);
    t.after(async () => {
      clearTimeout(limit);
      if (this.child.exitCode === null && this.child.signalCode === null) {
        const gone = new Promise((resolve) => this.child.once("exit", resolve));
        this.child.kill("SIGCONT");
        this.child.kill("SIGKILL");
        await gone;
      }
      // Not its output's end: a command that outlives it, as one does with --guard off, may hold that open.
      this.child.stdout?.destroy();
      this.child.stderr?.destroy();
    });
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Throws LostBefore when it has lost its Lease and ended meanwhile. */
  kill(signal: NodeJS.Signals): void {
    const { exitCode, signalCode } = this.child;
    if (exitCode === lostExitCode) throw new LostBefore(`leader-exec ${this.pid} is to get ${signal}:\n${this.stderr}`);
    const end = `it ended with ${exitCode ?? signalCode ?? "nothing yet"} and said:\n${this.stderr}`;
    assert.ok(this.child.kill(signal), `${signal} reaches leader-exec ${this.pid}: ${end}`);
  }

  /** What it logged with --log-format json. */
  records(): LogRecord[] {
    const lines = this.stderr.split("\n").filter((line) => line.startsWith("{"));
    return lines.map((line) => JSON.parse(line) as LogRecord);
  }

  /** Waits for a message. */
  says(pattern: RegExp, within = 30_000): Promise<LogRecord> {
    return until(
      `leader-exec says ${pattern}`,
      () => this.records().find(({ message }) => pattern.test(message)),
      within,
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}; it said:\n${this.stderr}`);
    });
  }

  /** The exit code, once it has ended. */
  async code(): Promise<number | null> {
    return (await this.exited).code;
  }
}

const isOurs = (name: string): boolean => /^(LEADER_|KUBE|POD_NA|NODE_OPTIONS|NODE_TEST)/.test(name);

const folders: string[] = [];
process.once("exit", () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A folder for a test, removed with its process: after the test a holder may write there until its own hook has ended it. */
export function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), "leader-exec-test-"));
  t.after(() => folders.push(folder));
  return folder;
}

/** Several candidates for one Lease, whose commands write into one journal. */
export class Candidates {
  readonly journal: Journal;
  readonly #t: TestContext;
  /** What leads to the Lease. */
  readonly args: readonly string[];

  constructor(t: TestContext, args: readonly string[]) {
    this.#t = t;
    this.args = args;
    this.journal = new Journal(join(folderOf(t), "journal"));
  }

  start({ args = [], env = {}, ...more }: Start = {}): Candidate {
    return new Candidate(this.#t, {
      args: ["--enable-leader-election", ...shortTimes, "--log-format", "json", ...this.args, ...args],
      env: { PROBE_JOURNAL: this.journal.path, ...env },
      ...more,
    });
  }
}

/** Whether a process still runs; a zombie does not, whoever has to reap it. */
export function isThere(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return !/^[ZX]/.test(stat.slice(stat.lastIndexOf(")") + 2));
  } catch (error) {
    assert.match((error as NodeJS.ErrnoException).code ?? "", /^(ENOENT|ESRCH)$/);
    return false;
  }
}
