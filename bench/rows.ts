/** What a benchmark finds out, and how it is shown. */

/** At most this figure; or at most so many times the base line's. */
export type Budget = { readonly most: number } | { readonly times: number };

/** One line of the table: a figure beside its base line, measured in the same run. */
export interface Row {
  readonly what: string;
  readonly unit: "ms" | "MiB" | "ms/s" | "a minute" | "PUTs" | "GETs";
  readonly figures: readonly number[];
  readonly base: string;
  readonly baseFigures: readonly number[];
  readonly budget: Budget | null;
  /** How many stood by, where that is what is varied. */
  readonly standbys?: number;
}

export interface Judged extends Row {
  readonly median: number;
  readonly baseMedian: number;
  readonly ratio: number;
  readonly within: boolean | null;
}

/** NaN when there are no figures. */
export function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const [low = NaN, high = NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
  return low + (high - low) * (place - Math.floor(place));
}

export const median = (figures: readonly number[]): number => quantile(figures, 0.5);

export function judge(row: Row): Judged {
  const [figure, base] = [median(row.figures), median(row.baseFigures)];
  const ratio = figure / base;
  const { budget } = row;
  const verdict = budget !== null && ("most" in budget ? figure <= budget.most : ratio <= budget.times);
  const isKnown = budget !== null && !Number.isNaN("most" in budget ? figure : ratio);
  return { ...row, median: figure, baseMedian: base, ratio, within: isKnown ? verdict : null };
}

/** A table in Markdown: medians, with the quartiles and the number of figures behind them. */
export function table(rows: readonly Judged[]): string {
  const head = ["what", "figure", "base line", "ratio", "budget", "within"];
  const lines = rows.map((row) => [
    row.what,
    `${spread(row.figures)} ${row.unit}`,
    row.baseFigures.length === 0 ? row.base : `${row.base}: ${spread(row.baseFigures)}`,
    Number.isFinite(row.ratio) ? row.ratio.toFixed(2) : "",
    row.budget === null ? "" : "most" in row.budget ? `<= ${row.budget.most} ${row.unit}` : `<= ${row.budget.times} x`,
    row.within === null ? "" : row.within ? "yes" : "NO",
  ]);
  const all = [head, ...lines];
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)));
  const draw = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [draw(head), draw(widths.map((width) => "-".repeat(width))), ...lines.map(draw)].join("\n");
}

function spread(figures: readonly number[]): string {
  if (figures.length === 0) return "-";
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => short(quantile(figures, share)));
  return figures.length < 3
    ? `${String(middle)} (n ${figures.length})`
    : `${String(middle)} (${String(low)}-${String(high)}, n ${figures.length})`;
}

function short(figure: number): string {
  const digits = figure < 10 ? 2 : figure < 1000 ? 1 : 0;
  return Number(figure.toFixed(digits)).toFixed(digits); // no -0.00
}
