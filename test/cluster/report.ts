import { spread } from "../faults/figures.ts";
import type { Case } from "./cases/case.ts";
import type { Stage } from "./stage.ts";

/** What one case showed. */
export interface Row {
  readonly title: string;
  readonly runs: number;
  readonly overlaps: number;
  /** Median and longest, in milliseconds. */
  readonly gap: readonly [number, number] | null;
  readonly note: string;
  /** What overlaps say here: that something is wrong, nothing, or that all is as it must be. */
  readonly overlapsAre: "wrong" | "beyond" | "wanted";
  /** What went wrong, apart from overlaps. */
  readonly failure: string | undefined;
}

export function rowOf(
  { title, beyond, unprotected }: Case,
  { runs, gaps, notes, witness }: Stage,
  failure?: string,
): Row {
  const note = [...(beyond === undefined ? [] : [`beyond the promise: ${beyond}`]), ...notes];
  return {
    title,
    runs,
    overlaps: witness.overlaps().length,
    gap: spread(gaps),
    note: failure === undefined ? note.join("; ") : `FAILED: ${failure.split("\n")[0] ?? ""}`,
    overlapsAre: unprotected ? "wanted" : beyond === undefined ? "wrong" : "beyond",
    failure,
  };
}

/** Whether this row says that all is well. */
export const isGood = ({ overlaps, overlapsAre, failure }: Row): boolean =>
  failure === undefined && (overlapsAre === "beyond" || (overlapsAre === "wanted") === overlaps > 0);

/** The table for people and for docs/kubernetes.md. */
export function tableOf(rows: readonly Row[]): string {
  const head = ["case", "runs", "overlaps", "gap, ms (median / longest)", "note"];
  const cells = rows.map(({ title, runs, overlaps, gap, note }) => [
    title,
    String(runs),
    String(overlaps),
    gap === null ? "-" : gap.map((ms) => ms.toFixed(0)).join(" / "),
    note,
  ]);
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...cells.map(line)].join("\n");
}
