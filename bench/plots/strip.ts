/** One row of dots for each program, on a logarithmic axis of time: every figure, with the median marked and named. */
import { median } from "../rows.ts";
import { inner, page, type Page } from "./page.ts";
import { duration, logarithmic } from "./scale.ts";
import { element, line, text, widthOf } from "./svg.ts";

export interface Strip {
  readonly name: string;
  readonly ours: boolean;
  /** In milliseconds. */
  readonly figures: readonly number[];
}

const rowHeight = 44;
const names = 176;

export function stripPlot(about: Omit<Page, "height" | "description">, strips: readonly Strip[]): string {
  const shown = strips.filter(({ figures }) => figures.length > 0);
  const all = shown.flatMap(({ figures }) => figures);
  const from = inner.left + names;
  const { at, ticks } = logarithmic(Math.min(...all), Math.max(...all), from, inner.right - 16);
  const bottom = inner.top + shown.length * rowHeight;
  const grid = ticks.flatMap((tick) => [
    line(at(tick), inner.top, at(tick), bottom, "grid"),
    text(at(tick), bottom + 20, duration(tick), { class: "small", "text-anchor": "middle" }),
  ]);
  const rows = shown.flatMap((strip, index) => row(strip, inner.top + (index + 0.5) * rowHeight, at));
  const medians = shown.map(({ name, figures }) => `${name} ${duration(median(figures))} (${figures.length} times)`);
  const description = `${about.subtitle}. Medians: ${medians.join(", ")}. ${about.footer}`;
  return page({ ...about, description, height: bottom + inner.bottom }, [...grid, ...rows]);
}

/** Dots of one row lie a little above and below each other, so that equal figures are seen. */
function row({ name, ours, figures }: Strip, y: number, at: (figure: number) => number): string[] {
  const style = ours ? "ours" : "other";
  const middle = median(figures);
  const label = duration(middle);
  const last = at(Math.max(...figures));
  const fits = last + 12 + widthOf(label) < inner.right;
  const side = fits ? { x: last + 12, anchor: "start" } : { x: at(Math.min(...figures)) - 12, anchor: "end" };
  return [
    text(inner.left, y + 4.5, name, ours ? { class: "bold" } : {}),
    ...figures.map((figure, index) =>
      element("circle", { class: `dot ${style}`, cx: at(figure), cy: y + ((index * 7) % 5) * 3 - 6, r: 4 }),
    ),
    line(at(middle), y - 14, at(middle), y + 14, "mark"),
    text(side.x, y + 4.5, label, { class: `label ${ours ? "bold" : "soft"}`, "text-anchor": side.anchor }),
  ];
}
