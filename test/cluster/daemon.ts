import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { until } from "../lab/until.ts";
import { childOf, type Enclosure } from "./enclosure.ts";

/** What it takes to start one program of the cluster, and to start it again the same way. */
export interface DaemonPlan {
  readonly file: string;
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its log is NAME.log in the cluster's folder; the name of the program by default. */
  readonly name?: string;
  /** Resolves to true once it does its work. May throw while it does not: that means "not yet". */
  readonly answers: () => Promise<boolean>;
}

/** One long-running program in the cluster's namespaces. */
export class Daemon {
  readonly name: string;
  readonly #enclosure: Enclosure;
  readonly #plan: DaemonPlan;
  #child: ChildProcess | undefined;
  #isToEnd = false;

  constructor(enclosure: Enclosure, plan: DaemonPlan) {
    this.#enclosure = enclosure;
    this.#plan = plan;
    this.name = plan.name ?? basename(plan.file);
  }

  /** Starts it and resolves when it answers. Throws with the end of its log when it ends instead, or is silent for two minutes. */
  async start(): Promise<void> {
    const { file, flags, env = {} } = this.#plan;
    const [enter = "", ...how] = this.#enclosure.through;
    const log = openSync(this.#enclosure.at(`${this.name}.log`), "a");
    const child = spawn(enter, [...how, file, ...flags], {
      cwd: this.#enclosure.folder,
      detached: true,
      env: { ...process.env, ...env },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#child = child;
    this.#isToEnd = false;
    child.once("exit", () => {
      this.#child = undefined;
      if (!this.#isToEnd && !this.#enclosure.isClosing)
        console.error(`${this.name} has ended by itself; its log is ${this.name}.log in the cluster's folder`);
    });
    await once(child, "spawn");
    child.unref();
    const answers = async (): Promise<boolean> => {
      if (this.#child !== child) throw new Error(`${this.name} has ended:\n${await this.#lastWords()}`);
      return this.#plan.answers().catch(() => false);
    };
    await until(`${this.name} answers`, answers, 120_000, 50);
  }

  /** Kills it (SIGKILL by default) and resolves when it is gone. Does nothing when it is down. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.ref();
    const ended = once(child, "exit");
    this.#isToEnd = true;
    process.kill(childOf(child.pid ?? 0), signal); // nsenter waits for the program and ends with it
    await ended;
  }

  async #lastWords(): Promise<string> {
    const log = await readFile(this.#enclosure.at(`${this.name}.log`), "utf8");
    return log.trimEnd().split("\n").slice(-12).join("\n");
  }
}
