/** Starts test/fixtures/runner-driver.ts, built as the product is built, and looks at what it runs. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess, type StdioOptions } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext } from "node:test";
import { buildSync } from "esbuild";
import type { CommandEnd, Millis, StartFailure } from "../../src/core/types.ts";
import type { Options } from "../../src/options.ts";
import { isAlive, killAll, parentOf, childrenOf, until } from "./processes.ts";

export interface DriverSetup {
  readonly command: readonly [string, ...string[]];
  readonly guard: boolean;
  readonly runId: string;
  readonly processTree: Options["processTree"];
}

export type Order =
  | { readonly kind: "prepare" | "killTree" | "close" | "throw" }
  | { readonly kind: "start" | "until"; readonly killIn: Millis }
  | { readonly kind: "forward"; readonly signal: string; readonly to: "command" | "tree" }
  | { readonly kind: "exit"; readonly code: number }
  | { readonly kind: "exhaust"; readonly lasts: Millis };

export type DriverEvent =
  | { readonly kind: "ready" | "prepared" | "treeGone" | "exhausted" }
  | { readonly kind: "started"; readonly pid: number }
  | ({ readonly kind: "notStarted" } & StartFailure)
  | { readonly kind: "ended"; readonly end: CommandEnd }
  | { readonly kind: "guardLost"; readonly message: string }
  | { readonly kind: "method"; readonly message: string };

const root = join(import.meta.dirname, "..", "..");

/** Driver, guard and execa as bundles in a folder of their own. */
export function buildDriver(): string {
  const folder = mkdtempSync(join(tmpdir(), "leader-exec-runner-"));
  buildSync({
    entryPoints: {
      driver: join(root, "test/fixtures/runner-driver.ts"),
      guard: join(root, "src/guard-main.ts"),
      execa: join(root, "src/bundles/execa.ts"),
    },
    outdir: folder,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    define: { "import.meta.url": "__bundleUrl" },
    banner: { js: "const __bundleUrl=require('node:url').pathToFileURL(__filename).href;" },
  });
  return folder;
}

const shared = buildDriver();
after(() => rmSync(shared, { recursive: true, force: true }));

export interface DriverOptions {
  readonly guard?: boolean;
  /** The search in /proc when it is not given: that is the harder way. */
  readonly processTree?: Options["processTree"];
  readonly stdio?: readonly [
    "pipe" | "ignore" | number,
    "pipe" | "ignore" | number,
    "pipe" | "ignore" | "inherit" | number,
  ];
  readonly env?: NodeJS.ProcessEnv;
  /** A build of the test's own, which it may damage. */
  readonly folder?: string;
  /** A program, with arguments, that starts Node: `["prlimit", "--nofile=64"]`. */
  readonly under?: readonly string[];
}

export class Driver {
  readonly child: ChildProcess;
  /** Where commands may write the pid of each process that must be gone in the end, one a line. */
  readonly pidFile: string;
  readonly runId = randomBytes(12).toString("hex");
  readonly events: DriverEvent[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), "leader-exec-pids-"));
  #wake: () => void = () => undefined;

  constructor(t: TestContext, command: readonly [string, ...string[]], options: DriverOptions = {}) {
    this.pidFile = join(this.#folder, "pids");
    const { guard = true, processTree = "proc" } = options;
    const setup: DriverSetup = { command, guard, processTree, runId: this.runId };
    const line = [
      ...(options.under ?? []),
      process.execPath,
      join(options.folder ?? shared, "driver.cjs"),
      JSON.stringify(setup),
    ];
    const stdio: StdioOptions = [...(options.stdio ?? ["ignore", "pipe", "inherit"]), "ipc"];
    this.child = spawn(line[0] ?? "", line.slice(1), {
      stdio,
      env: { ...(options.env ?? process.env), PIDS: this.pidFile },
    });
    this.child.on("message", (event) => {
      this.events.push(event as DriverEvent);
      this.#wake();
    });
    this.child.on("exit", () => this.#wake());
    t.after(async () => {
      const guards = this.guards();
      this.child.kill("SIGKILL");
      killAll([...this.pids(), ...guards]);
      for (const pid of [this.pid, ...this.pids()]) await until(() => !isAlive(pid), `${pid} is gone`);
      rmSync(this.#folder, { recursive: true, force: true });
    });
  }

  get pid(): number {
    return this.child.pid ?? assert.fail("the driver did not start");
  }

  order(order: Order): void {
    this.child.send(order);
  }

  /** The first event of this kind, waited for as long as the driver lives. */
  async event<K extends DriverEvent["kind"]>(kind: K): Promise<Extract<DriverEvent, { kind: K }>> {
    for (;;) {
      const event = this.events.find((one) => one.kind === kind);
      if (event !== undefined) return event as Extract<DriverEvent, { kind: K }>;
      if (this.child.exitCode !== null || this.child.signalCode !== null)
        assert.fail(`the driver ended before "${kind}"; it told ${JSON.stringify(this.events)}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Starts the command and waits until it wrote so many pids. */
  async start(pids: number, killIn: Millis = 60_000): Promise<number> {
    await this.event("ready");
    this.order({ kind: "start", killIn });
    const { pid } = await this.event("started");
    await until(() => this.pids().length >= pids, `${pids} processes run`);
    return pid;
  }

  /** What the command's processes wrote. */
  pids(): number[] {
    try {
      return readFileSync(this.pidFile, "utf8").split("\n").slice(0, -1).map(Number);
    } catch {
      return []; // nobody wrote yet
    }
  }

  alive(): number[] {
    return this.pids().filter(isAlive);
  }

  /** The guards that watch now, by the name that they give themselves: a child that is not yet so far has ours. */
  guards(): number[] {
    return childrenOf(this.pid).filter(
      (pid) => parentOf(pid) === this.pid && commandLine(pid).startsWith("lease-guard"),
    );
  }

  async guard(): Promise<number> {
    await until(() => this.guards().length === 1, "one guard runs");
    return this.guards()[0] ?? assert.fail();
  }

  exit(): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    const { child } = this;
    const end = () => ({ code: child.exitCode, signal: child.signalCode });
    if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(end());
    return new Promise((resolve) => child.once("exit", () => resolve(end())));
  }
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "latin1");
  } catch {
    return ""; // it ended meanwhile
  }
}
