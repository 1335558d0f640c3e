import type { StoredLease } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { CommandListener, CommandRunner } from "../world.ts";
import type { ProcessRunner } from "./command-runner.ts";

/** A leader that is told to stop when a command has just ended needs no guard for the next one. */
const preparesIn: Millis = 100;

/**
 * Runs a command more than once: that of a schedule, or of a leader that stepped down and leads again. Each run has a runner of its
 * own, so its own run id, guard and cgroup, and nothing of one run can be taken for another. The next one is made when the tree of
 * the last one is gone; without a schedule only when it is known that there will be one: until the Lease is released, the guard of
 * the last run is there to do that for us.
 */
export class RepeatingRunner implements CommandRunner {
  readonly #goesOn: boolean;
  readonly #newRunner: (isFirst: boolean) => ProcessRunner;
  #runner: ProcessRunner;
  #listener: CommandListener | null = null;
  #runs = false;
  /** The tree of its run is gone. */
  #spent = false;
  #preparing: NodeJS.Timeout | undefined;

  /** `goesOn`: after a run there is always another one. */
  constructor(newRunner: (isFirst: boolean) => ProcessRunner, goesOn: boolean) {
    this.#goesOn = goesOn;
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
    if (this.#spent) this.#renew();
    else this.#runner.expectStart();
  }

  start(lease: StoredLease | null, killAt: Millis, tick: Millis | null): void {
    if (this.#spent) this.#renew();
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
        this.#over();
        listener.notStarted(failure);
      },
      ended: (end) => listener.ended(end),
      treeGone: () => {
        this.#over();
        listener.treeGone();
      },
      guardLost: (message) => {
        if (runner === this.#runner) listener.guardLost(message);
      },
    });
  }

  #over(): void {
    this.#spent = true;
    if (this.#goesOn) this.#renew();
  }

  #renew(): void {
    this.#spent = false;
    this.#runner.close();
    this.#runs = false;
    this.#runner = this.#newRunner(false);
    if (this.#listener !== null) this.#follow(this.#runner, this.#listener);
    // A failure is told by the start.
    this.#preparing = setTimeout(() => void this.prepare().catch(() => undefined), preparesIn);
    this.#preparing.unref();
  }
}
