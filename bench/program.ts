import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { until } from "../test/lab/index.ts";

/** The built product, as a user starts it. */
export const product = join(import.meta.dirname, "..", "bin", "leader-exec.cjs");
export const handWritten = join(import.meta.dirname, "programs", "hand-written.cjs");

const running = new Set<ChildProcess>();

/** What must not be inherited: it would change what is measured. */
const unwanted = /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|NODE_V8_COVERAGE|LEADER_.*|ETCDCTL_.*)$/;

/** This very process: CLOCK_MONOTONIC in milliseconds, equal in all processes of one machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** One process that is measured, or that takes part. SIGKILLed when the benchmark ends. */
export class Program {
  readonly child: ChildProcess;
  readonly startedAt: number;
  readonly exited: Promise<number | null>;
  stdout = "";
  stderr = "";

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !unwanted.test(name)));
    this.startedAt = now();
    this.child = spawn(file, args, { env: { ...inherited, ...env }, stdio: ["pipe", "pipe", "pipe"] });
    running.add(this.child);
    this.child.stdin?.on("error", () => undefined); // it has ended: `exited` tells
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve, reject) => {
      this.child.once("exit", (code) => {
        running.delete(this.child);
        resolve(code);
      });
      this.child.once("error", reject);
    });
  }

  static node(args: readonly string[], env?: Readonly<Record<string, string>>): Program {
    return new Program(process.execPath, args, env);
  }

  get pid(): number {
    if (this.child.pid === undefined) throw new Error(`${this.child.spawnfile} was not started`);
    return this.child.pid;
  }

  async says(what: RegExp): Promise<void> {
    await until(String(what), () => what.test(this.stdout + this.stderr), 60_000).catch((error: unknown) => {
      throw new Error(`${String(error)}; it said: ${this.stdout}${this.stderr}`);
    });
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exited;
  }
}

/** Ends whatever is left, however the benchmark ended. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}
