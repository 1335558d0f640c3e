import type { Millis } from "../core/types.ts";
import { GuardProcess } from "./guard-process.ts";
import { GuardReadiness, GuardTimer } from "./guard-patience.ts";
import { guardExit, type GuardMessage, type Term } from "./guard-protocol.ts";
import type { TreeRoot } from "./tree.ts";

/** A guard that is silent for this long is taken for frozen. */
const answersWithin: Millis = 1000;
/** Node starts in 30 ms; a machine that is starved of CPU gets a hundred times that. */
const startsWithin: Millis = 3000;
const attempts = 3;
const pauseBetween: Millis = 100;
/** When no deadline moved for this long (no renewal succeeds, or leader election is off), it is asked for a sign of life. */
const askAfter: Millis = 2_500;

/**
 * Sees to it that a guard watches: starts it, tells it what runs and until when, expects an answer to every deadline, and
 * replaces one that died or does not answer. When no new one can be had either, `lost` is told, once.
 */
export class GuardKeeper {
  readonly #program: readonly string[];
  readonly #lost: (message: string) => void;
  #process: GuardProcess | null = null;
  /** What every guard is told first. */
  readonly #opening: () => readonly GuardMessage[];
  /** False while standing by: there is nothing to guard yet. */
  #guards = false;
  #root: TreeRoot | null = null;
  #term: Term | null = null;
  #deadline: Millis = Infinity;
  /** The number of the newest deadline; 0: only the rehearsal was told yet. */
  #number = 0;
  readonly #readiness = new GuardReadiness();
  #failures = 0;
  #armed: ((trouble: string | null) => void) | null = null;
  readonly #timer = new GuardTimer();
  #over = false;

  constructor(program: readonly string[], opening: () => readonly GuardMessage[], lost: (message: string) => void) {
    this.#program = program;
    this.#opening = opening;
    this.#lost = lost;
  }

  /**
   * Starts a guard that has nothing to do yet: a hand-over must not wait 30 ms for it. It costs a standby 5 MiB. It is told what
   * will run and a deadline that never comes, because what Node does for the first time takes milliseconds too.
   */
  prepare(): void {
    if (this.#process === null && !this.#over) this.#launch();
  }

  /**
   * A start may be milliseconds away: the guard rehearses once more. Woken for the deadline that counts it would need 3 to 6 ms to
   * answer, because nothing of it is in the processor's caches any more; now that time passes while the store is asked. So it is the first to hear.
   */
  rouse(): void {
    if (this.#number === 0) this.#process?.send({ kind: "deadline", number: this.#readiness.call(), at: Infinity });
  }

  /**
   * `term` null: no election. Resolves with null when a guard has confirmed the deadline, or at once when the guard has answered
   * since it was roused: the deadline is in its pipe then, whatever becomes of us, and a guard that fails from now on is replaced, as
   * one that fails a moment later. Resolves with the reason when no guard can be had.
   */
  arm(killAt: Millis, term: Term | null): Promise<string | null> {
    this.#guards = true;
    this.#term = term;
    if (term !== null) this.#process?.send({ kind: "term", ...term });
    this.#failures = 0;
    const { isReady } = this.#readiness;
    return new Promise((resolve) => {
      this.#armed = resolve;
      this.until(killAt);
      this.prepare();
      if (isReady) this.#answerArmed(null);
    });
  }

  /** The command exists. */
  grow(root: TreeRoot): void {
    this.#root = root;
    this.#process?.send({ kind: "tree", root });
  }

  /** Moves the deadline. */
  until(killAt: Millis): void {
    this.#deadline = killAt;
    this.#number++;
    if (this.#process === null) return;
    this.#process.send({ kind: "deadline", number: this.#number, at: killAt });
    if (!this.#timer.isExpecting) this.#expectAnswer(answersWithin);
  }

  /** Nothing is left to guard. */
  close(): void {
    this.#over = true;
    this.#timer.stop();
    this.#process?.send({ kind: "done" });
    this.#process?.kill(); // one that is frozen would not hear that, and keep our stderr open
    this.#process = null;
  }

  #launch(): void {
    const guard: GuardProcess = new GuardProcess(this.#program, {
      acknowledged: (number) => {
        if (guard === this.#process) this.#acknowledged(number);
      },
      ended: (code, trouble) => {
        if (guard === this.#process) this.#ended(code, trouble);
      },
    });
    this.#process = guard;
    this.#expectAnswer(startsWithin);
    this.#opening().forEach((message) => guard.send(message));
    if (this.#root !== null) guard.send({ kind: "tree", root: this.#root });
    if (this.#term !== null) guard.send({ kind: "term", ...this.#term });
    guard.send({ kind: "deadline", number: this.#number, at: this.#deadline });
  }

  #acknowledged(number: number): void {
    if (this.#readiness.hears(number)) return;
    this.#timer.stop();
    if (number < this.#number) {
      this.#expectAnswer(answersWithin);
      return;
    }
    this.#failures = 0;
    if (!this.#guards) return;
    this.#answerArmed(null);
    this.#timer.pause(askAfter, () => this.until(this.#deadline));
  }

  #expectAnswer(within: Millis): void {
    this.#timer.expect(within, (wasFrozen) => {
      if (wasFrozen) this.#expectAnswer(answersWithin);
      else this.#replace(`it did not answer within ${within} ms`);
    });
  }

  #ended(code: number | null, trouble: string): void {
    if (code === guardExit.killed) {
      // The deadline passed while we were frozen. Its work is done: the command's end will be told by the command.
      this.#timer.stop();
      this.#process = null;
      this.#readiness.lose();
      this.#over = true;
      this.#answerArmed("the guard's deadline had passed already");
    } else this.#replace(trouble);
  }

  #replace(trouble: string): void {
    this.#timer.stop();
    // A frozen guard must not wake up later, with a deadline that has long been moved.
    this.#process?.kill();
    this.#process = null;
    this.#readiness.lose();
    if (++this.#failures < attempts) {
      this.#timer.pause(this.#failures * pauseBetween, () => this.#launch());
      return;
    }
    if (!this.#guards) return; // standing by: the next attempt is made when there is something to guard
    this.#over = true;
    const message =
      `no guard can be kept running (${trouble}; ${attempts} attempts), so a crash of leader-exec could leave the command ` +
      "behind; look for limits of processes or memory, or use --guard off to do without that promise";
    if (this.#armed === null) this.#lost(message);
    else this.#answerArmed(message);
  }

  #answerArmed(trouble: string | null): void {
    this.#armed?.(trouble);
    this.#armed = null;
  }
}
