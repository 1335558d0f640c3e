import type { Millis } from "../core/types.ts";
import { markIn } from "../tree-mark.ts";
import type { ProcessStat } from "./proc.ts";
import { readEnvironment, whyNoEnvironment } from "./proc-environment.ts";

/** `nested`: ours, below another leader-exec that we run. `gone`: it ended. `unsure`: no answer yet, it may be ours. */
export type Verdict = "own" | "nested" | "foreign" | "gone" | "unsure";

/** How long one look waits for one environment. */
const patience: Millis = 200;
/** Longer than an exec waits for a slow disk, but not for ever: what hangs in its own end looks the same. */
const execTakes: Millis = 5000;
/** libuv has four threads: reading may take some, and hang in two of them, and name resolution still works. */
const readers = 3;
const mayHang = 2;

interface Known {
  readonly startTime: number;
  verdict: Verdict;
  emptySince: Millis | null;
  /** Its environment was read, and was none that somebody wiped. */
  isRead: boolean;
  reading: Promise<void> | null;
}

/**
 * Tells whether processes carry a run's id in their environment. Each process is read once: the id is only ever inherited,
 * so who did not get it at its start does not get it later. A process that is just in exec is read again at each look. An
 * environment that we may not read counts as foreign (a
 * process that became another user and left the group escapes: documented); one that does not answer stays `unsure`.
 */
export class RunIdSearch {
  readonly #runId: string;
  readonly #known = new Map<number, Known>();
  #hanging = 0;

  constructor(runId: string) {
    this.#runId = runId;
  }

  /**
   * Tells each process that is ours to `found` as soon as it is known, the last ones first; resolves when all are looked at,
   * with those that ended before.
   */
  async look(
    processes: readonly ProcessStat[],
    found: (stat: ProcessStat) => void,
  ): Promise<{ readonly unsure: number; readonly gone: readonly ProcessStat[] }> {
    const queue = [...processes];
    const gone: ProcessStat[] = [];
    let unsure = 0;
    const reader = async (): Promise<void> => {
      for (let stat = queue.pop(); stat !== undefined; stat = queue.pop()) {
        const verdict = await this.ask(stat);
        if (verdict === "gone") gone.push(stat);
        else if (verdict === "unsure") unsure++;
        else if (verdict !== "foreign") found(stat);
      }
    };
    await Promise.all(Array.from({ length: Math.min(readers, queue.length) }, reader));
    return { unsure, gone };
  }

  /** Whether its environment was read, and is not of this run. */
  isForeign({ pid, startTime }: ProcessStat): boolean {
    const known = this.#known.get(pid);
    return known?.startTime === startTime && known.verdict === "foreign" && known.isRead;
  }

  /** Reads the environment of one process, unless it is known already. Never waits longer than a moment. */
  async ask(stat: ProcessStat): Promise<Verdict> {
    let known = this.#known.get(stat.pid);
    if (known?.startTime !== stat.startTime) {
      known = { startTime: stat.startTime, verdict: "unsure", emptySince: null, isRead: false, reading: null };
      this.#known.set(stat.pid, known);
    }
    if (known.verdict !== "unsure" && known.emptySince === null) return known.verdict;
    if (known.reading === null && this.#hanging < mayHang) {
      const reading = this.#read(stat.pid, known);
      known.reading = reading;
      if (!(await isInTime(reading))) {
        this.#hanging++;
        void reading.then(() => this.#hanging--);
      }
    }
    return known.verdict;
  }

  /** A foreign process may be one that was just forked and gets the id in exec: each is read again. */
  doubt(): void {
    for (const known of this.#known.values()) {
      if (known.verdict === "foreign" && known.emptySince === null) known.verdict = "unsure";
    }
  }

  /** Forgets every process for which this is false, so that the memory does not grow. */
  keep(isOfUse: (pid: number) => boolean): void {
    for (const [pid, known] of this.#known) {
      if (known.reading === null && !isOfUse(pid)) this.#known.delete(pid);
    }
  }

  async #read(pid: number, known: Known): Promise<void> {
    try {
      const block = await readEnvironment(pid);
      if (block === "gone") known.verdict = "gone";
      else if (block === "unreadable") known.verdict = "foreign";
      else if (block.length > 0) {
        known.emptySince = null;
        known.isRead = true;
        known.verdict = markIn(block, this.#runId);
      } else this.#withoutEnvironment(pid, known);
    } catch {
      known.verdict = "unsure"; // no descriptor to be had, or alike: asked again at the next look
    } finally {
      known.reading = null;
    }
  }

  #withoutEnvironment(pid: number, known: Known): void {
    const why = whyNoEnvironment(pid);
    known.emptySince = why === "between" ? (known.emptySince ?? performance.now()) : null;
    if (why === "gone") known.verdict = "gone";
    else if (known.emptySince === null) known.verdict = "foreign";
    else known.verdict = performance.now() - known.emptySince > execTakes ? "foreign" : "unsure";
  }
}

function isInTime(work: Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), patience);
    void work.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
