import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";

/** The answer came too late or never, or close() was faster. */
export const late = Symbol("late");

/**
 * Work on the file system, one piece at a time, each answered by its deadline. A file system that hangs keeps one thread of
 * Node's four, never more: while a piece is past its deadline and not over, whatever else is asked is answered at once.
 */
export class FileQueue {
  readonly #clock: Clock;
  #tail: Promise<void> = Promise.resolve();
  /** Since when the piece that is under way is late; null while none is. */
  #hangingSince: Millis | null = null;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Rejects as the work does; gives `late` at the deadline. `isLate` is for the work to ask before it changes something:
   * nobody waits for it any more.
   */
  run<T>(deadline: Millis, work: (isLate: () => boolean) => Promise<T>): Promise<T | typeof late> {
    if (this.#closed || this.#hangingSince !== null) return Promise.resolve(late);
    return new Promise((resolve, reject) => {
      let underWay = false;
      let over = false;
      const isOver = (): boolean => over;
      const end = (): void => {
        over = true;
        clearTimeout(timer);
        this.#waiting.delete(giveUp);
      };
      const giveUp = (): void => {
        if (underWay) this.#hangingSince = this.#clock.now();
        end();
        resolve(late);
      };
      const timer = setTimeout(giveUp, Math.max(0, deadline - this.#clock.now()));
      this.#waiting.add(giveUp);
      this.#tail = this.#tail.then(async () => {
        if (isOver()) return;
        underWay = true;
        try {
          resolve(await work(() => isOver() || this.#clock.now() >= deadline));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
        if (isOver()) this.#hangingSince = null;
        else end();
      });
    });
  }

  /** Answers everybody now; nothing that waits is begun any more. */
  close(): void {
    this.#closed = true;
    for (const giveUp of this.#waiting) giveUp();
  }
}
