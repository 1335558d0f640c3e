import type { StoredLease } from "../core/lease.ts";
import type { Millis, StartFailure } from "../core/types.ts";
import type { SpawnResult } from "../bundles/execa.ts";
import type { CommandListener, CommandRunner } from "../world.ts";
import { Birthplace } from "./birthplace.ts";
import { endOf } from "./command-end.ts";
import { spawnFailure } from "./executable.ts";
import { opening, termOf } from "./guard-briefing.ts";
import { GuardKeeper } from "./guard-keeper.ts";
import { atLastResort } from "./last-resort.ts";
import { loadExeca, programOf } from "./load-bundle.ts";
import { newTree } from "./new-tree.ts";
import type { RunnerOptions } from "./runner-options.ts";
import { sendSignal } from "./send-signal.ts";
import type { Tree, TreeRoot } from "./tree.ts";
import { startTimeOf } from "./tree-kin.ts";
import { TreeWatch } from "./tree-watch.ts";

/** Who acquires at once starts the command at once; only who has to wait has time for a rehearsal. */
const rehearsesIn: Millis = 200;

/** Starts the command, follows its tree to the end, and keeps a guard beside it. */
export class ProcessRunner implements CommandRunner {
  readonly #options: RunnerOptions;
  readonly #birthplace: Birthplace;
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
    this.#birthplace = new Birthplace(options.runId, options.processTree, options.tell);
    this.#tree = newTree(options.runId, this.#since, () => this.#birthplace.cgroup);
    this.#watch = new TreeWatch(
      this.#tree,
      () => this.#ended,
      () => this.#listener?.treeGone(),
    );
    const lost = (message: string): void => this.#listener?.guardLost(message);
    const brief = () => opening(options, this.#since, this.#birthplace.folder);
    this.#guard = options.guard ? new GuardKeeper(programOf("guard"), brief, lost) : null;
  }

  listen(listener: CommandListener): void {
    this.#listener = listener;
  }

  /**
   * Does all that needs no Lease yet, while standing by: starts the guard, makes the command's cgroup and loads what spawns,
   * 30 to 60 ms that a hand-over then does not wait for. Rejects when the installed package is incomplete. `start` does without it.
   */
  async prepare(): Promise<void> {
    this.#prepare();
    const { rehearse } = await (this.#spawner ??= loadExeca());
    const { rehearsal, environment } = this.#options;
    setTimeout(() => {
      if (rehearsal === null || this.#killAt !== Infinity || this.#cancelled) return;
      environment(null, null);
      for (const played of [rehearse(), rehearsal()]) void played.catch(() => undefined); // the start tells what is wrong
    }, rehearsesIn).unref();
  }

  expectStart(): void {
    this.#guard?.rouse();
  }

  start(lease: StoredLease | null, killAt: Millis, tick: Millis | null): void {
    this.#killAt = killAt;
    this.#start(lease, tick).catch((error: unknown) => {
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
    this.#birthplace.close();
  }

  /** The guard is told of the cgroup when it starts, and is born outside. */
  #prepare(): void {
    this.#birthplace.make();
    this.#guard?.prepare();
    this.#birthplace.enter();
  }

  async #start(lease: StoredLease | null, tick: Millis | null): Promise<void> {
    this.#prepare();
    const term = termOf(lease, this.#options.clock, this.#since);
    const armed = this.#guard?.arm(this.#killAt, term); // while it answers there is enough to do
    const environment = this.#options.environment(lease, tick);
    const spawner = await (this.#spawner ??= loadExeca());
    const noCgroup = this.#birthplace.trouble;
    if (noCgroup !== null) {
      this.#notStarted({ reason: "failed", message: noCgroup });
      return;
    }
    const trouble = (await armed) ?? null;
    if (trouble !== null) {
      this.#notStarted({ reason: "no-guard", message: trouble });
    } else if (this.#cancelled || this.#options.clock.now() >= this.#killAt) {
      this.#notStarted({
        reason: "failed",
        message:
          "the command was not started: the time in which it could run safely was over before; nothing is to be done",
      });
    } else {
      const [file, ...args] = this.#options.command;
      const { pid, isHeld, listen } = spawner.spawnCommand(file, args, environment);
      if (pid === undefined) listen((result) => this.#spawnFailed(environment, result));
      else {
        // The command runs: from here on nothing may fail.
        this.#isHeld = isHeld;
        this.#grow({ pid, startTime: startTimeOf(pid) });
        this.#birthplace.leave(); // before anything else happens: with us in there it is never empty
        this.#listener?.started(pid);
        this.#watch.lookAhead();
        listen((result) => this.#end(result));
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
