import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { until } from "./until.ts";
import type { Warden } from "./warden.ts";

/** What it takes to run one server of the lab, and to start it again the same way. */
export interface ServerPlan {
  readonly name: string;
  readonly file: string;
  readonly flags: readonly string[];
  readonly logFile: string;
  readonly warden: Warden;
  /** Resolves to true once the server answers. May throw while it does not: that means "not yet". */
  readonly answers: () => Promise<boolean>;
}

/** One server of the lab: etcd or kube-apiserver, with everything that can happen to a process. */
export class ServerProcess {
  readonly #plan: ServerPlan;
  #child: ChildProcess | undefined;

  constructor(plan: ServerPlan) {
    this.#plan = plan;
  }

  /** The process id; undefined while the server is down. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Starts the server with `extraFlags` after its own (for a repeated flag the last one counts), and resolves when it
   * answers. Throws with the end of its log when it ends instead, or does not answer within 60 s.
   */
  async start(extraFlags: readonly string[] = []): Promise<void> {
    if (this.#child) throw new Error(`${this.#plan.name} runs already`);
    const log = openSync(this.#plan.logFile, "a");
    const child = spawn(this.#plan.file, [...this.#plan.flags, ...extraFlags], {
      detached: true,
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#child = child;
    child.once("exit", () => this.#gone(child));
    child.once("error", () => this.#gone(child)); // it could not be spawned
    await once(child, "spawn");
    if (child.pid !== undefined) this.#plan.warden.watch(child.pid);
    child.unref();
    await this.ready();
  }

  /** Resolves when the server answers; throws as `start` does. */
  async ready(): Promise<void> {
    const look = async (): Promise<boolean> => {
      if (!this.#child) throw new Error(`${this.#plan.name} has ended:\n${await this.#lastWords()}`);
      return this.#plan.answers().catch(() => false);
    };
    await until(`${this.#plan.name} answers`, look, 60_000, 20);
  }

  /** Kills the server (SIGKILL by default) and resolves when it is reaped. Does nothing when it is down. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.ref();
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** Kills the server if it runs and starts it again on the same address and data, with other extra flags. */
  async restart(extraFlags: readonly string[] = []): Promise<void> {
    await this.kill();
    await this.start(extraFlags);
  }

  /** Stops the process as it is (SIGSTOP): its sockets stay open and silent. Resolves when it stands still. */
  async freeze(): Promise<void> {
    this.#running().kill("SIGSTOP");
    await until(`${this.#plan.name} stands still`, async () => (await this.#state()) === "T");
  }

  /** Lets a frozen server go on (SIGCONT); it answers what has come in meanwhile. */
  thaw(): void {
    this.#running().kill("SIGCONT");
  }

  #running(): ChildProcess {
    if (!this.#child) throw new Error(`${this.#plan.name} is down`);
    return this.#child;
  }

  /** The state letter of /proc/PID/stat; behind the name, which may hold anything. */
  async #state(): Promise<string | undefined> {
    const stat = await readFile(`/proc/${String(this.pid)}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2)[0];
  }

  #gone(child: ChildProcess): void {
    if (child.pid !== undefined) this.#plan.warden.forget(child.pid);
    if (this.#child === child) this.#child = undefined;
  }

  async #lastWords(): Promise<string> {
    const log = await readFile(this.#plan.logFile, "utf8");
    return log.trimEnd().split("\n").slice(-12).join("\n");
  }
}
