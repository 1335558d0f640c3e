import type { Group } from "./group.ts";

/** What a soak has counted so far. */
export interface Tally {
  readonly seed: number;
  readonly groups: readonly Group[];
  /** Faults that were inflicted, and those that hit nobody or would have been a second one at once. */
  done: number;
  skipped: number;
  /** On performance.now(). */
  readonly began: number;
}

export function progressLine(tally: Tally): string {
  const { changes, overlaps, wrong } = sums(tally);
  const minutes = ((performance.now() - tally.began) / 60_000).toFixed(1);
  const memory = (process.memoryUsage().rss / 2 ** 20).toFixed(0);
  return `${minutes} min: ${changes} leader changes, ${overlaps.length} overlaps, ${wrong.length} other findings, ${tally.done} faults (${tally.skipped} skipped), ${memory} MiB here`;
}

/** Everything that is to be known at the end. */
export function summary(tally: Tally): string {
  const { changes, overlaps, wrong, tokens } = sums(tally);
  const all = (kind: keyof Group["takeovers"]): number[] => tally.groups.flatMap(({ takeovers }) => takeovers[kind]);
  const outlived = Math.max(...tally.groups.map((group) => group.outlived));
  return [
    ...[...overlaps, ...tokens, ...wrong].map((finding) => `FOUND: ${finding}`),
    `seed ${tally.seed}: ${changes} leader changes, ${overlaps.length} overlaps, ${tokens.length} tokens that did not grow, ${wrong.length} other findings`,
    `${tally.done} faults, ${tally.skipped} skipped (nobody to hit, or a second one at once)`,
    `take-over after the command had ended or a polite stop, ms: ${percentiles(all("released"))}`,
    `take-over after kill -9 of leader-exec, ms: ${percentiles(all("killed"))}`,
    `take-over after a loss, ms: ${percentiles(all("expired"))}`,
    `longest that a command lived on after kill -9 of its leader-exec: ${outlived.toFixed(1)} ms`,
  ].join("\n");
}

interface Sums {
  readonly changes: number;
  readonly overlaps: readonly string[];
  readonly tokens: readonly string[];
  readonly wrong: readonly string[];
}

function sums({ groups }: Tally): Sums {
  return {
    changes: groups.reduce((sum, { witness }) => sum + witness.changes, 0),
    overlaps: groups.flatMap(({ witness }) => witness.findings.overlaps),
    tokens: groups.flatMap(({ witness }) => witness.findings.tokens),
    wrong: groups.flatMap(({ wrong }) => wrong),
  };
}

function percentiles(values: readonly number[]): string {
  if (values.length === 0) return "none";
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN).toFixed(0);
  return `n ${values.length}, p50 ${at(0.5)}, p90 ${at(0.9)}, p99 ${at(0.99)}, longest ${at(1)}`;
}
