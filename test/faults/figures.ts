import { appendFileSync } from "node:fs";

/** What one fault showed. Times in milliseconds. */
export interface Figures {
  readonly fault: string;
  readonly store: "kubernetes" | "file";
  readonly runs: number;
  readonly overlaps: number;
  /** Smallest time between the end of a command and the moment from which its Lease could be taken; null: none ended. */
  readonly margin: number | null;
  /** From the fault, or from its end where nobody can lead before, until a command runs; median and longest. */
  readonly recover: readonly [number, number] | null;
  /** The most requests that candidates sent per second and candidate. */
  readonly rate: number | null;
  readonly note: string;
}

/** Median and longest. */
export function spread(values: readonly number[]): readonly [number, number] | null {
  const sorted = [...values].sort((a, b) => a - b);
  const [middle, longest] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
  return middle === undefined || longest === undefined ? null : [middle, longest];
}

/** Leaves the figures for the table at the end of `npm run test:faults`. */
export function keep(figures: Figures): void {
  const file = process.env["FAULTS_FIGURES"];
  if (file) appendFileSync(file, `${JSON.stringify(figures)}\n`);
}

/** "runs 50, overlaps 0, smallest margin 1523 ms, recovered after 4980 ms (longest 5102)" */
export function sentenceOf({ runs, overlaps, margin, recover, rate, note }: Figures): string {
  const parts = [`runs ${runs}`, `overlaps ${overlaps}`];
  if (margin !== null) parts.push(`smallest margin ${margin.toFixed(0)} ms`);
  if (recover !== null) parts.push(`recovered after ${recover[0].toFixed(0)} ms (longest ${recover[1].toFixed(0)})`);
  if (rate !== null) parts.push(`at most ${rate.toFixed(1)} requests per second and candidate`);
  if (note !== "") parts.push(note);
  return parts.join(", ");
}
