/** Lying bars: a solid part within a pale one, both named at the end. */
import { inner, page, type Page } from "./page.ts";
import { linear, short } from "./scale.ts";
import { element, line, text } from "./svg.ts";

export interface Bar {
  readonly name: string;
  readonly ours: boolean;
  readonly part: number;
  readonly whole: number;
}

/** What the two parts are, for the words at the end of a bar. */
export interface BarWords {
  readonly unit: string;
  readonly part: string;
  readonly whole: string;
}

const rowHeight = 38;
const names = 176;
const words = 190;

export function barPlot(about: Omit<Page, "height" | "description">, bars: readonly Bar[], named: BarWords): string {
  const from = inner.left + names;
  const { at, ticks } = linear(Math.max(...bars.map(({ whole }) => whole)), from, inner.right - words);
  const bottom = inner.top + bars.length * rowHeight;
  const grid = ticks.flatMap((tick) => [
    line(at(tick), inner.top, at(tick), bottom, "grid"),
    text(at(tick), bottom + 20, short(tick), { class: "small", "text-anchor": "middle" }),
  ]);
  const end = text(at(ticks.at(-1) ?? 0) + 18, bottom + 20, named.unit, { class: "small" });
  const rows = bars.flatMap(({ name, ours, part, whole }, index) => {
    const y = inner.top + (index + 0.5) * rowHeight;
    const bar = (figure: number, style: string): string =>
      element("rect", {
        class: `${ours ? "ours" : "other"} ${style}`,
        x: from,
        y: y - 10,
        width: at(figure) - from,
        height: 20,
      });
    return [
      text(inner.left, y + 4.5, name, ours ? { class: "bold" } : {}),
      bar(whole, "pale"),
      bar(part, "solid"),
      text(at(whole) + 10, y + 4.5, say(part, whole, named), { class: `label ${ours ? "bold" : "soft"}` }),
    ];
  });
  const told = bars.map(({ name, part, whole }) => `${name}: ${say(part, whole, named)} ${named.unit}`);
  const description = `${about.subtitle}. ${told.join("; ")}. ${about.footer}`;
  return page({ ...about, description, height: bottom + inner.bottom }, [...grid, end, ...rows]);
}

function say(part: number, whole: number, named: BarWords): string {
  return `${Math.round(part)} ${named.part}, ${Math.round(whole)} ${named.whole}`;
}
