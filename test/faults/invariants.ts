import type { Applied } from "./place.ts";
import type { Oracle, TreeLife } from "./oracle.ts";

/** What is looked at after every fault. */
export interface Evidence {
  readonly oracle: Oracle;
  readonly writes: readonly Applied[];
  /** How much later than their stamps say writes may have come in. */
  readonly lateBy: number;
  /** True where the fault itself edits the Lease: then its writes prove nothing about what a candidate may do. */
  readonly edited: boolean;
  /** The rate of the fastest clock of a candidate that may take the Lease. */
  readonly fastest: number;
  /** False: outliving the lease breaks no promise. */
  readonly promised: boolean;
}

export interface Findings {
  /** Every invariant that is broken, as a sentence. */
  readonly broken: readonly string[];
  readonly overlaps: number;
  /**
   * The smallest time between the last sign of life of a command that is gone and the moment from which others could
   * have taken its Lease: when the last write with its name came in, and the duration in it, by the fastest clock.
   */
  readonly margin: number;
}

/** The rates of two clocks may differ by this share. */
const clockDrift = 0.01;
/** CLOCK_REALTIME of the server's stamps and of the journal is one clock, but read at different moments. */
const clockSlack = 5;

/** The invariants that hold whatever breaks: they are about safety alone, so a slow machine breaks none of them. */
export function examine({ oracle, writes, lateBy, edited, fastest, promised }: Evidence): Findings {
  const overlaps = oracle.overlaps();
  const broken = [...overlaps];
  const trees = oracle.trees();
  const running = new Set(oracle.running().map(({ identity }) => identity));
  let margin = Infinity;
  for (const tree of trees) {
    const own = writes.filter(({ holder, by }) => holder === tree.identity && by === "candidate");
    const last = own.at(-1);
    if (last === undefined) {
      if (!edited) broken.push(`${tree.identity} ran a command, and the store knows of no write with its name`);
      continue;
    }
    if (!running.has(tree.identity)) {
      margin = Math.min(margin, last.at + last.durationMs / fastest - oracle.wallOf(tree.last));
    }
    broken.push(...releasedEarly(tree, last, { oracle, writes, lateBy }));
  }
  if (margin <= 0 && promised) broken.push(`a command lived ${(-margin).toFixed(0)} ms longer than its lease`);
  broken.push(...tokensThatDoNotGrow(trees));
  if (!edited)
    broken.push(
      ...takenAlive(
        writes.filter(({ by }) => by === "candidate"),
        fastest,
        clockSlack + lateBy,
      ),
    );
  return { broken, overlaps: overlaps.length, margin };
}

/** The holder is cleared only after the tree is gone. */
function releasedEarly(
  tree: TreeLife,
  last: Applied,
  { oracle, writes, lateBy }: Pick<Evidence, "oracle" | "writes" | "lateBy">,
): string[] {
  const release = writes.find(({ at, holder, by }) => at > last.at && holder === "" && by === "candidate");
  const next = writes.find(({ at, holder }) => at > last.at && holder !== tree.identity && holder !== "");
  if (release === undefined || (next !== undefined && next.at < release.at)) return [];
  const early = oracle.wallOf(tree.last) - release.at - lateBy;
  return early > 0 ? [`${tree.identity} released its Lease ${early.toFixed(1)} ms before its command was gone`] : [];
}

function tokensThatDoNotGrow(trees: readonly TreeLife[]): string[] {
  return trees.flatMap((tree, index) => {
    const before = trees[index - 1];
    if (before === undefined || BigInt(tree.token) > BigInt(before.token)) return [];
    return [`the fencing token ${tree.token} of ${tree.identity} is not above ${before.token} of ${before.identity}`];
  });
}

/** No candidate overwrites what another one wrote less than a lease duration ago. */
function takenAlive(writes: readonly Applied[], fastest: number, slack: number): string[] {
  const share = Math.min(1 - clockDrift, 1 / fastest);
  return writes.flatMap((write, index) => {
    const before = writes[index - 1];
    if (!before?.holder || !write.holder || write.holder === before.holder) return [];
    const early = before.durationMs * share - slack - (write.at - before.at);
    if (early <= 0) return [];
    return [`${write.holder} overwrote the live record of ${before.holder}, ${early.toFixed(0)} ms too early`];
  });
}
