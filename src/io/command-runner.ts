import type { StoredLease } from "../core/lease.ts";
import type { CommandEnd, Millis, StartFailure } from "../core/types.ts";
import type { SpawnResult } from "../bundles/execa.ts";
import type { Clock, CommandListener, CommandRunner } from "../world.ts";
import { spawnFailure } from "./executable.ts";
import { GuardKeeper } from "./guard-keeper.ts";
import { atLastResort } from "./last-resort.ts";
import { guardProgram, loadExeca } from "./load-bundle.ts";
import { newTree } from "./new-tree.ts";
import { readStat } from "./proc.ts";
import { sendSignal } from "./send-signal.ts";
import { signalNumber } from "./signals.ts";
import type { Tree, TreeRoot } from "./tree.ts";
import { TreeWatch } from "./tree-watch.ts";

export interface RunnerOptions {
  /** Byte for byte as given after `--`. */
  readonly command: readonly [string, ...string[]];
  /** The command's whole environment; it must carry `runId` in LEADER_RUN_ID. */
  readonly environment: (lease: StoredLease | null) => Readonly<Record<string, string>>;
  /** Unique in the world, no spaces or commas: by it the tree is found again. */
  readonly runId: string;
  /** False: --guard off. */
  readonly guard: boolean;
  readonly clock: Clock;
}

/** Who acquires at once starts the command at once; only who has to wait has time for a rehearsal. */
const rehearsesIn: Millis = 200;

/** Starts the command, follows its tree to the end, and keeps a guard beside it. */
export class ProcessRunner implements CommandRunner {
  readonly #options: RunnerOptions;
  readonly #tree: Tree;
  readonly #watch: TreeWatch;
  readonly #guard: GuardKeeper | null;
  /** Of our own process: older than anything that we start. */
  readonly #since = startTimeOf(process.pid);
  #listener: CommandListener | null = null;
  #spawner: ReturnType<typeof loadExeca> | null = null;
  #killAt: Millis = Infinity;
  #root: TreeRoot | null = null;
  #isHeld: () => boolean = () => false;
  #ended = false;
  #cancelled = false;
  #disarm: () => void = () => undefined;

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#tree = newTree(options.runId, this.#since);
    this.#watch = new TreeWatch(
      this.#tree,
      () => this.#ended,
      () => this.#listener?.treeGone(),
    );
    this.#guard = options.guard
      ? new GuardKeeper(guardProgram(), options.runId, this.#since, (message) => this.#listener?.guardLost(message))
      : null;
  }

  listen(listener: CommandListener): void {
    this.#listener = listener;
  }

  /**
   * Does all that needs no Lease yet, while standing by: starts the guard and loads what spawns, 20 to 40 ms that a
   * hand-over then does not wait for. Rejects when the installed package is incomplete. `start` does without it.
   */
  async prepare(): Promise<void> {
    this.#guard?.prepare();
    const { rehearse } = await (this.#spawner ??= loadExeca());
    setTimeout(() => {
      if (this.#killAt === Infinity && !this.#cancelled) void rehearse().catch(() => undefined); // the start tells what is wrong
    }, rehearsesIn).unref();
  }

  start(lease: StoredLease | null, killAt: Millis): void {
    this.#killAt = killAt;
    this.#start(lease).catch((error: unknown) => {
      this.#notStarted({ reason: "failed", message: `the command could not be started: ${String(error)}` });
    });
  }

  guardUntil(killAt: Millis): void {
    this.#killAt = killAt;
    if (!this.#watch.isOver) this.#guard?.until(killAt);
  }

  forward(signal: string, to: "command" | "tree"): void {
    if (this.#root === null) return;
    if (to === "tree") void this.#signalTree(signal);
    else if (this.#isHeld()) sendSignal(this.#root.pid, signal);
  }

  killTree(): void {
    this.#cancelled = true;
    if (this.#root !== null) this.#watch.kill();
  }

  close(): void {
    this.#cancelled = true;
    this.#disarm();
    this.#watch.stop();
    this.#guard?.close();
  }

  async #start(lease: StoredLease | null): Promise<void> {
    const { command, clock } = this.#options;
    const environment = this.#options.environment(lease);
    this.#guard?.prepare();
    const spawner = await (this.#spawner ??= loadExeca());
    const trouble = (await this.#guard?.arm(this.#killAt)) ?? null;
    if (trouble !== null) {
      this.#notStarted({ reason: "no-guard", message: trouble });
    } else if (this.#cancelled || clock.now() >= this.#killAt) {
      this.#notStarted({
        reason: "failed",
        message:
          "the command was not started: the time in which it could run safely was over before; nothing is to be done",
      });
    } else {
      const [file, ...args] = command;
      const { pid, isHeld, result } = spawner.spawnCommand(file, args, environment);
      if (pid === undefined) this.#spawnFailed(environment, await result);
      else {
        // The command runs: from here on nothing may fail.
        this.#isHeld = isHeld;
        this.#grow({ pid, startTime: startTimeOf(pid) });
        this.#listener?.started(pid);
        this.#watch.lookAhead();
        this.#end(await result);
      }
    }
  }

  #grow(root: TreeRoot): void {
    this.#root = root;
    this.#tree.grow(root, () => this.#isHeld());
    this.#guard?.grow(root);
    this.#disarm = atLastResort(() => this.#tree.killNow());
  }

  #end(result: SpawnResult): void {
    this.#ended = true;
    this.#listener?.ended(endOf(result));
    this.#watch.look();
  }

  async #signalTree(signal: string): Promise<void> {
    try {
      await this.#tree.signal(signal);
    } catch {
      // The group has it; who could not be found for want of descriptors gets the SIGKILL later, as who ignores a signal.
    }
  }

  #spawnFailed(environment: Readonly<Record<string, string>>, result: SpawnResult): void {
    const error = result.kind === "failed" ? result : { code: "unknown", message: "" };
    this.#notStarted(spawnFailure(this.#options.command[0], environment, process.cwd(), error));
  }

  #notStarted(failure: StartFailure): void {
    this.#listener?.notStarted(failure);
  }
}

function endOf(result: SpawnResult): CommandEnd {
  if (result.kind === "exited") return result;
  if (result.kind === "failed") return { kind: "exited", code: 125 };
  return { kind: "signaled", signal: result.signal, number: signalNumber(result.signal) ?? 0 };
}

/** 0 when it cannot be told: then the tree is found by its session and id alone. */
function startTimeOf(pid: number): number {
  try {
    return readStat(pid)?.startTime ?? 0;
  } catch {
    return 0; // out of descriptors
  }
}
