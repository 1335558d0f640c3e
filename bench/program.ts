import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { until } from "../test/lab/index.ts";
import { Warden } from "../test/lab/warden.ts";

/** The built product, as a user starts it. */
export const product = join(import.meta.dirname, "..", "bin", "leader-exec.cjs");
export const handWritten = join(import.meta.dirname, "programs", "hand-written.cjs");

const running = new Set<ChildProcess>();
/** Ends them all when this process is killed. */
const warden = new Warden("");

/** What must not be inherited: it would change what is measured. */
const unwanted = /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|NODE_V8_COVERAGE|LEADER_.*|ETCDCTL_.*)$/;

/** This very process: CLOCK_MONOTONIC in milliseconds, equal in all processes of one machine. */
export const now = (): number => Number(process.hrtime.bigint()) / 1e6;

/** One process that is measured, or that takes part. SIGKILLed when the benchmark ends, in whatever way. */
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
    const { child } = this;
    running.add(child);
    if (child.pid !== undefined) warden.watch(child.pid);
    child.stdin?.on("error", () => undefined); // it has ended: `exited` tells
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.stdout += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.stderr += text));
    this.exited = new Promise((resolve, reject) => {
      child.once("exit", (code) => {
        running.delete(child);
        if (child.pid !== undefined) warden.forget(child.pid);
        resolve(code);
      });
      child.once("error", reject);
    });
  }

  /** `binary`: which Node runs it; the one that runs this. */
  static node(args: readonly string[], env?: Readonly<Record<string, string>>, binary = process.execPath): Program {
    return new Program(binary, args, env);
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
