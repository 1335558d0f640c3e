/** How long leader-exec waits for its guard, and whether it has to. */
import type { Millis } from "../core/types.ts";

/** A timer of ours that fires this late says that we were frozen ourselves: the answer may be there, unread. */
const late: Millis = 200;

/** One wait at a time: for an answer, or for the next thing to be done. */
export class GuardTimer {
  #expecting: NodeJS.Timeout | undefined;
  #pausing: NodeJS.Timeout | undefined;

  /** An answer is due. */
  get isExpecting(): boolean {
    return this.#expecting !== undefined;
  }

  /** Calls back when no answer came within this time; `wasFrozen`: we have not had that time ourselves. */
  expect(within: Millis, over: (wasFrozen: boolean) => void): void {
    this.stop();
    const due = performance.now() + within;
    this.#expecting = setTimeout(() => over(performance.now() - due > late), within);
  }

  /** Nothing is due for this time. */
  pause(span: Millis, over: () => void): void {
    this.stop();
    this.#pausing = setTimeout(over, span);
  }

  stop(): void {
    clearTimeout(this.#pausing);
    clearTimeout(this.#expecting);
    this.#expecting = undefined;
  }
}

/** Whether the guard has answered since it was last called to be ready. Calls are numbered downwards, from -1 on. */
export class GuardReadiness {
  #call = 0;
  #isReady = false;

  get isReady(): boolean {
    return this.#isReady;
  }

  /** The number of a new call. */
  call(): number {
    this.#isReady = false;
    return --this.#call;
  }

  /** True when it is a call that was answered. */
  hears(number: number): boolean {
    if (number === this.#call) this.#isReady = number < 0;
    return number < 0;
  }

  /** This guard is gone. */
  lose(): void {
    this.#isReady = false;
  }
}
