import type { Millis } from "../core/types.ts";
import { GuardProcess } from "./guard-process.ts";
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
/** A timer of ours that fires this late says that we were frozen ourselves: the answer may be there, unread. */
const late: Millis = 200;

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
  #failures = 0;
  #armed: ((trouble: string | null) => void) | null = null;
  #timer: NodeJS.Timeout | undefined;
  #askTimer: NodeJS.Timeout | undefined;
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
   * answer, because nothing of it is in the processor's caches any more; now that time passes while the store is asked.
   */
  rouse(): void {
    setImmediate(() => {
      if (this.#number === 0) this.#process?.send({ kind: "deadline", number: 0, at: Infinity });
    });
  }

  /** `term` null: no election. Resolves when a guard has confirmed the deadline: with null, or with the reason why none can be had. */
  arm(killAt: Millis, term: Term | null): Promise<string | null> {
    this.#guards = true;
    this.#term = term;
    if (term !== null) this.#process?.send({ kind: "term", ...term });
    this.#failures = 0;
    return new Promise((resolve) => {
      this.#armed = resolve;
      this.until(killAt);
      this.prepare();
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
    if (this.#timer === undefined) this.#expectAnswer(answersWithin);
  }

  /** Nothing is left to guard. */
  close(): void {
    this.#over = true;
    this.#stopWaiting();
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
    this.#stopWaiting();
    if (number < this.#number) {
      this.#expectAnswer(answersWithin);
      return;
    }
    this.#failures = 0;
    if (!this.#guards) return;
    this.#answerArmed(null);
    clearTimeout(this.#askTimer);
    this.#askTimer = setTimeout(() => this.until(this.#deadline), askAfter);
  }

  #expectAnswer(within: Millis): void {
    this.#stopWaiting();
    const due = performance.now() + within;
    this.#timer = setTimeout(() => {
      if (performance.now() - due > late) this.#expectAnswer(answersWithin);
      else this.#replace(`it did not answer within ${within} ms`);
    }, within);
  }

  #stopWaiting(): void {
    clearTimeout(this.#askTimer);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #ended(code: number | null, trouble: string): void {
    if (code === guardExit.killed) {
      // The deadline passed while we were frozen. Its work is done: the command's end will be told by the command.
      this.#stopWaiting();
      this.#process = null;
      this.#over = true;
      this.#answerArmed("the guard's deadline had passed already");
    } else this.#replace(trouble);
  }

  #replace(trouble: string): void {
    this.#stopWaiting();
    // A frozen guard must not wake up later, with a deadline that has long been moved.
    this.#process?.kill();
    this.#process = null;
    if (++this.#failures < attempts) {
      this.#timer = setTimeout(() => this.#launch(), this.#failures * pauseBetween);
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
