/** Figures over the number of standbys, a line for each program: medians, with their quartiles where there are several. */
import { median, quantile } from "../rows.ts";
import { inner, page, type Page } from "./page.ts";
import { linear, logarithmic } from "./scale.ts";
import { element, line, text } from "./svg.ts";

export interface Line {
  readonly name: string;
  readonly ours: boolean;
  readonly points: readonly { readonly standbys: number; readonly figures: readonly number[] }[];
}

export interface LineAxes {
  readonly logarithmic: boolean;
  /** What stands beside a tick, and beside the last point. */
  readonly tick: (figure: number) => string;
  readonly value: (figure: number) => string;
}

const plotHeight = 240;
const ticksWidth = 56;
const words = 170;

export function linePlot(about: Omit<Page, "height" | "description">, lines: readonly Line[], axes: LineAxes): string {
  const points = lines.flatMap((one) => one.points);
  const bottom = inner.top + plotHeight;
  const numbers = [...new Set(points.map(({ standbys }) => standbys))].sort((a, b) => a - b);
  const ends = [inner.left + ticksWidth, inner.right - words] as const;
  const [least = 1, most = 1] = [numbers[0], numbers.at(-1)];
  const x = axes.logarithmic ? logarithmic(least, most, ...ends) : linear(most, ...ends);
  const figures = points.map((point) => median(point.figures));
  const y = axes.logarithmic
    ? logarithmic(Math.min(...figures), Math.max(...figures), bottom, inner.top)
    : linear(Math.max(...figures), bottom, inner.top);
  const grid = y.ticks.flatMap((tick) => [
    line(ends[0], y.at(tick), ends[1], y.at(tick), tick === y.ticks[0] ? "axis" : "grid"),
    text(ends[0] - 10, y.at(tick) + 4, axes.tick(tick), { class: "small", "text-anchor": "end" }),
  ]);
  const below = [
    ...numbers.map((number) =>
      text(x.at(number), bottom + 20, String(number), { class: "small", "text-anchor": "middle" }),
    ),
    text(ends[1] + 18, bottom + 20, "standbys", { class: "small" }),
  ];
  const drawn = lines.flatMap((one) => drawLine(one, x.at, y.at, axes));
  const told = lines.map(({ name, points: its }) => {
    const each = its.map(({ standbys, figures: f }) => `${axes.value(median(f))} with ${standbys}`);
    return `${name}: ${each.join(", ")}`;
  });
  const description = `${about.subtitle}. ${told.join("; ")} standbys. ${about.footer}`;
  return page({ ...about, description, height: bottom + inner.bottom }, [...grid, ...below, ...drawn]);
}

type At = (figure: number) => number;

function drawLine({ name, ours, points }: Line, x: At, y: At, { value }: LineAxes): string[] {
  const style = ours ? "ours" : "other";
  const places = points.map(({ standbys, figures }) => ({ x: x(standbys), y: y(median(figures)), figures }));
  const last = places.at(-1);
  const path = places.map((place, index) => `${index === 0 ? "M" : "L"}${pixel(place.x)} ${pixel(place.y)}`).join("");
  const middle = Math.min(last?.y ?? 0, inner.top + plotHeight - 16); // above the numbers of the axis
  const label = value(median(last?.figures ?? []));
  return [
    element("path", { class: `line ${style}`, d: path }),
    ...places.flatMap(({ x: cx, y: cy, figures }) => [
      ...(figures.length > 2
        ? [line(cx, y(quantile(figures, 0.25)), cx, y(quantile(figures, 0.75)), `range ${style}`)]
        : []),
      ours
        ? element("circle", { class: style, cx, cy, r: 5 })
        : element("rect", { class: style, x: cx - 4.5, y: cy - 4.5, width: 9, height: 9 }),
    ]),
    text((last?.x ?? 0) + 16, middle - 3, name, ours ? { class: "bold" } : {}),
    text((last?.x ?? 0) + 16, middle + 13, label, { class: "soft" }),
  ];
}

const pixel = (place: number): string => String(Math.round(place * 10) / 10);
