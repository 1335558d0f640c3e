import type { Millis } from "../core/types.ts";
import type { Census, Tree } from "./tree.ts";

const looking: readonly Millis[] = [5, 10, 20, 50, 100];
const killing: readonly Millis[] = [1, 2, 5, 10, 20, 50];
/** So long after its start a command is left alone. */
const settlesIn: Millis = 200;
/** So many rounds do not spare the machine: somebody waits for the Lease. */
const eagerRounds = 3;
/** On a machine where something starts or ends unseen during every look, so many empty looks in a row, or so long, are enough. */
const emptyLooks = 200;
const emptyFor: Millis = 1_500;
const leastLooks = 20;

/**
 * Follows a tree until it is gone: looks gently for it to leave by itself, or kills in rounds, because what forks while
 * it is killed is found by the next round only. `mayBeGone` false: an empty look does not count yet.
 */
export class TreeWatch {
  readonly #tree: Tree;
  readonly #mayBeGone: () => boolean;
  readonly #gone: () => void;
  #kills = false;
  #round = 0;
  #running = false;
  #over = false;
  #wake: (() => void) | null = null;

  constructor(tree: Tree, mayBeGone: () => boolean, gone: () => void) {
    this.#tree = tree;
    this.#mayBeGone = mayBeGone;
    this.#gone = gone;
  }

  /** The tree is gone, or was given up. */
  get isOver(): boolean {
    return this.#over;
  }

  /**
   * One look while the command runs. Who is a stranger now stays one, because the id is only inherited: so the look at the end,
   * for which others wait, need not ask them again. It also knows members by then that will have left the tree.
   */
  lookAhead(): void {
    const timer = setTimeout(() => {
      if (!this.#running && !this.#over) void this.#tree.look().catch(() => undefined); // what counts is the look at the end
    }, settlesIn);
    timer.unref();
  }

  /** Looks, at once and then from time to time, until the tree is gone; `gone` is called once. */
  look(): void {
    this.#round = 0;
    this.#wake?.();
    if (!this.#running && !this.#over) void this.#run();
  }

  /** All that is found without waiting dies before this returns; the rest in the rounds that follow. */
  kill(): void {
    if (this.#over) return;
    this.#kills = true;
    if (this.#running) this.#tree.killNow(); // a look is under way; else the one that begins now kills first
    this.look();
  }

  /** Gives the tree up. */
  stop(): void {
    this.#over = true;
    this.#wake?.();
  }

  async #run(): Promise<void> {
    this.#running = true;
    let empty = 0;
    let emptySince = 0;
    while (!this.#over) {
      const before = performance.now();
      const census = await this.#census();
      const isEmpty = census !== null && census.members.length + census.unsure === 0 && this.#mayBeGone();
      if (isEmpty && empty++ === 0) emptySince = before;
      const isEnough = empty >= emptyLooks || (empty >= leastLooks && performance.now() - emptySince > emptyFor);
      if (!isEmpty) {
        empty = 0;
        await this.#pause(performance.now() - before);
      } else if (census.settled || isEnough) this.#end();
    }
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#gone();
  }

  /** Null when it could not be looked, for want of a file descriptor: then it is tried again. */
  async #census(): Promise<Census | null> {
    try {
      return await (this.#kills ? this.#tree.kill() : this.#tree.look());
    } catch {
      return null; // whatever the reason: without a look the tree is not gone
    }
  }

  #pause(lookTook: Millis): Promise<void> {
    const pauses = this.#kills ? killing : looking;
    const round = this.#round++;
    const pause = pauses[Math.min(round, pauses.length - 1)] ?? 0;
    // On a machine with thousands of processes, looking must not become all that we do.
    const spared = round < eagerRounds ? 0 : 4 * lookTook;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(pause, spared));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
