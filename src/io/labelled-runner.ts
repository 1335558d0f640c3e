import type { StoredLease } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Clock, CommandListener, CommandRunner } from "../world.ts";
import type { PodLabel } from "./pod-label.ts";

/** A start that waits for the label. */
interface Waiting {
  readonly lease: StoredLease | null;
  readonly tick: Millis | null;
  /** Moved by each renewal meanwhile. */
  killAt: Millis;
  /** The command starts only while so much is left until `killAt`. */
  readonly leastLeft: Millis;
  hasTried: boolean;
}

/**
 * Starts a command when the pod has its label, or when one try to put it there has failed or takes too long. The loop judged at `start`
 * how much of the lease is enough: after the wait at least that much is left, but for twice the longest wait, or the next renewal comes first.
 */
export class LabelledRunner implements CommandRunner {
  readonly #inner: CommandRunner;
  readonly #label: PodLabel;
  readonly #clock: Clock;
  readonly #longestWait: Millis;
  #listener: CommandListener | null = null;
  #waiting: Waiting | null = null;

  constructor(inner: CommandRunner, label: PodLabel, clock: Clock, longestWait: Millis) {
    this.#inner = inner;
    this.#label = label;
    this.#clock = clock;
    this.#longestWait = longestWait;
  }

  listen(listener: CommandListener): void {
    this.#listener = listener;
    this.#inner.listen(listener);
  }

  expectStart(): void {
    this.#inner.expectStart();
  }

  start(lease: StoredLease | null, killAt: Millis, tick: Millis | null): void {
    this.#label.want(true);
    if (this.#label.isOn) {
      this.#inner.start(lease, killAt, tick);
      return;
    }
    const leastLeft = killAt - this.#clock.now() - 2 * this.#longestWait;
    const waiting: Waiting = { lease, tick, killAt, leastLeft, hasTried: false };
    this.#waiting = waiting;
    void this.#label.tried(this.#longestWait).then(() => {
      waiting.hasTried = true;
      this.#goOn();
    });
  }

  guardUntil(killAt: Millis): void {
    if (this.#waiting === null) this.#inner.guardUntil(killAt);
    else this.#waiting.killAt = killAt;
    this.#goOn();
  }

  /** The command is not to be started any more, if it is not started yet. */
  cancel(): void {
    if (this.#waiting === null) return;
    this.#waiting = null;
    const message = "the command was not started: leading was over before";
    this.#listener?.notStarted({ reason: "failed", message });
  }

  forward(signal: string, to: "command" | "tree"): void {
    this.#inner.forward(signal, to);
  }

  killTree(): void {
    this.cancel();
    this.#inner.killTree();
  }

  close(): void {
    this.#waiting = null;
    this.#inner.close();
  }

  #goOn(): void {
    const waiting = this.#waiting;
    if (waiting?.hasTried !== true || waiting.killAt - this.#clock.now() < waiting.leastLeft) return;
    this.#waiting = null;
    this.#inner.start(waiting.lease, waiting.killAt, waiting.tick);
  }
}
