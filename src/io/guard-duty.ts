import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import { guardExit, type GuardMessage, type Term } from "./guard-protocol.ts";
import type { Tree, TreeRoot } from "./tree.ts";
import { statNow } from "./tree-kin.ts";
import { TreeWatch } from "./tree-watch.ts";

/**
 * How often the clock is looked at: timers do not count suspend. After one, leader-exec's own look is there earlier; for the case
 * that it is frozen as well, this must be no more than the deadlines allow a timer to be late (core/deadlines.ts).
 */
const tick: Millis = 500;
/** Who wakes this late was frozen itself, and reads first what it was told meanwhile. */
const late: Millis = 50;
const readingTakes: Millis = 20;
/** Between fork and exec a command does not carry its run id yet: so long it is searched for when it was being started. */
const startTakes: Millis = 1000;
/** So long it is tried to take back the candidacy of who stood by: nothing hangs on it but some elections' time. */
const withdrawalTakes: Millis = 10_000;

type Run = Extract<GuardMessage, { kind: "run" }>;
/** `cgroup`: the folder of the run's cgroup. May throw: a guard that cannot do its work must end, and is replaced. */
type NewTree = (runId: string, since: number, cgroup: string | null) => Tree;

/** A Lease, or a candidacy, that nobody gives back any more: leader-exec let go of us without a word, and all that it ran is gone. */
export interface Orphaned {
  readonly leader: TreeRoot;
  /** Null: it stood by. */
  readonly term: Term | null;
  readonly order: string;
  /** It is given up then: the Lease is about to expire. */
  readonly until: Millis;
}

/** What a guard is told decides whether and when it kills; this is that decision, apart from pipes and exits. */
export class GuardDuty {
  readonly #clock: Clock;
  readonly #newTree: NewTree;
  readonly #end: (code: number, orphaned: Orphaned | null) => void;
  #order: string | null = null;
  #parent: TreeRoot | null = null;
  #term: Term | null = null;
  #tree: Tree | null = null;
  #watch: TreeWatch | null = null;
  #hasRoot = false;
  /** A deadline other than the rehearsal was told: from then on a command may exist. */
  #isArmed = false;
  #closedAt: Millis | null = null;
  /** The kill deadline had passed before the pipe closed. */
  #wasFrozen = false;
  #deadline: Millis = Infinity;
  #timer: NodeJS.Timeout | undefined;
  #struck = false;

  /** `end` is called once, with one of `guardExit`. */
  constructor(clock: Clock, newTree: NewTree, end: (code: number, orphaned: Orphaned | null) => void) {
    this.#clock = clock;
    this.#newTree = newTree;
    this.#end = end;
  }

  /** Takes one message; the number to acknowledge, or null. */
  receive(message: GuardMessage): number | null {
    switch (message.kind) {
      case "run":
        this.#begin(message);
        return null;
      case "order":
        this.#order = message.text;
        return null;
      case "term":
        if (isSeen(message.leader)) this.#term = message;
        return null;
      case "tree":
        this.#grow(message.root);
        return null;
      case "deadline":
        this.#deadline = message.at;
        this.#isArmed ||= message.number > 0;
        this.#wait();
        return message.number;
      case "done":
        this.#finish(guardExit.quiet);
        return null;
    }
  }

  /** leader-exec is gone, or has let go of us without a word: nothing may be left running. */
  pipeClosed(): void {
    this.#closedAt = this.#clock.now();
    this.#wasFrozen = this.#struck;
    if (this.#watch === null || !(this.#isArmed || this.#hasRoot)) this.#finish(guardExit.quiet, this.#stoodBy());
    else this.#strike();
  }

  #begin({ runId, since, cgroup }: Run): void {
    if (this.#watch !== null) return;
    const parent: TreeRoot = { pid: process.ppid, startTime: since };
    this.#parent = isSeen(parent) ? parent : null;
    this.#tree = this.#newTree(runId, since, cgroup);
    this.#watch = new TreeWatch(
      this.#tree,
      () => this.#mayBeGone(),
      () => this.#finish(guardExit.killed, this.#orphaned()),
    );
    clearTimeout(setTimeout(() => undefined, performance.now())); // rehearsed: the first of each costs Node milliseconds
    this.#wait();
  }

  #grow(root: TreeRoot): void {
    this.#hasRoot = true;
    this.#tree?.grow(root);
    if (this.#struck) this.#watch?.kill();
  }

  /** A command that we were never told the pid of may yet appear: while leader-exec lives, or had just forked. */
  #mayBeGone(): boolean {
    if (this.#hasRoot) return true;
    return this.#closedAt !== null && this.#clock.now() - this.#closedAt > startTakes;
  }

  #wait(now: Millis = this.#clock.now()): void {
    clearTimeout(this.#timer);
    if (this.#watch === null || this.#struck || this.#deadline === Infinity) return;
    const sleep = Math.ceil(Math.max(0, Math.min(this.#deadline - now, tick)));
    const wakeAt = performance.now() + sleep;
    this.#timer = setTimeout(() => {
      const then = this.#clock.now();
      if (then < this.#deadline) this.#wait(then);
      else if (performance.now() - wakeAt < late) this.#strike();
      else this.#timer = setTimeout(() => this.#strikeIfDue(), readingTakes);
    }, sleep);
  }

  #strikeIfDue(): void {
    if (this.#clock.now() < this.#deadline) this.#wait();
    else this.#strike();
  }

  /** There is no way back from here: a deadline that still moves comes too late. */
  #strike(): void {
    clearTimeout(this.#timer);
    this.#struck = true;
    this.#watch?.kill();
  }

  /**
   * Null when there is nothing to be released, or not by us: no term was told; the deadline passed, so leader-exec may only have
   * been frozen; the command was never seen to exist, and one that is still on its way would be missed.
   */
  #orphaned(): Orphaned | null {
    const [term, order, until] = [this.#term, this.#order, this.#deadline];
    if (term === null || order === null || this.#closedAt === null || this.#wasFrozen || !this.#hasRoot) return null;
    return this.#clock.now() < until ? { leader: term.leader, term, order, until } : null;
  }

  #stoodBy(): Orphaned | null {
    const [leader, order] = [this.#parent, this.#order];
    if (leader === null || order === null) return null;
    return { leader, term: null, order, until: this.#clock.now() + withdrawalTakes };
  }

  #finish(code: number, orphaned: Orphaned | null = null): void {
    clearTimeout(this.#timer);
    this.#watch?.stop();
    this.#end(code, orphaned);
  }
}

/** Whom we cannot see while it lives we would take for dead (a /proc that hides processes). */
function isSeen({ pid, startTime }: TreeRoot): boolean {
  return statNow(pid)?.startTime === startTime;
}
