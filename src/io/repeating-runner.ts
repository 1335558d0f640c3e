import type { StoredLease } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { CommandListener, CommandRunner } from "../world.ts";
import type { ProcessRunner } from "./command-runner.ts";

/** A leader that is told to stop when a command has just ended needs no guard for the next one. */
const preparesIn: Millis = 100;

/**
 * Runs the command of a schedule: each run has a runner of its own, so its own run id, guard and cgroup, and nothing of one run can
 * be taken for another. The next one is made when the tree of the last one is gone.
 */
export class RepeatingRunner implements CommandRunner {
  readonly #newRunner: (isFirst: boolean) => ProcessRunner;
  #runner: ProcessRunner;
  #listener: CommandListener | null = null;
  #runs = false;
  #preparing: NodeJS.Timeout | undefined;

  constructor(newRunner: (isFirst: boolean) => ProcessRunner) {
    this.#newRunner = newRunner;
    this.#runner = newRunner(true);
  }

  listen(listener: CommandListener): void {
    this.#listener = listener;
    this.#follow(this.#runner, listener);
  }

  prepare(): Promise<void> {
    return this.#runner.prepare();
  }

  expectStart(): void {
    this.#runner.expectStart();
  }

  start(lease: StoredLease | null, killAt: Millis, tick: Millis | null): void {
    clearTimeout(this.#preparing);
    this.#runs = true;
    this.#runner.start(lease, killAt, tick);
  }

  /** Between runs there is nothing to guard. */
  guardUntil(killAt: Millis): void {
    if (this.#runs) this.#runner.guardUntil(killAt);
  }

  forward(signal: string, to: "command" | "tree"): void {
    this.#runner.forward(signal, to);
  }

  killTree(): void {
    this.#runner.killTree();
  }

  close(): void {
    clearTimeout(this.#preparing);
    this.#runner.close();
  }

  #follow(runner: ProcessRunner, listener: CommandListener): void {
    runner.listen({
      started: (pid) => listener.started(pid),
      notStarted: (failure) => {
        this.#renew();
        listener.notStarted(failure);
      },
      ended: (end) => listener.ended(end),
      treeGone: () => {
        this.#renew();
        listener.treeGone();
      },
      guardLost: (message) => {
        if (runner === this.#runner) listener.guardLost(message);
      },
    });
  }

  #renew(): void {
    this.#runner.close();
    this.#runs = false;
    this.#runner = this.#newRunner(false);
    if (this.#listener !== null) this.#follow(this.#runner, this.#listener);
    // A failure is told by the start.
    this.#preparing = setTimeout(() => void this.prepare().catch(() => undefined), preparesIn);
    this.#preparing.unref();
  }
}
