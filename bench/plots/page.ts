/** The page of every plot: its own ground, so that it can be read on light and on dark pages, whatever shows it. */
import { element, text } from "./svg.ts";

export const width = 760;
/** Where the plot itself begins and ends, and what stands above and below it. */
export const inner = { left: 24, right: width - 24, top: 84, bottom: 66 };

export interface Page {
  readonly title: string;
  /** What is measured, in which unit, and how to read it. */
  readonly subtitle: string;
  /** The same for who cannot see it: with the figures. */
  readonly description: string;
  /** When and on what it was measured. */
  readonly footer: string;
  readonly height: number;
}

const light = `--paper:#fff;--edge:#d1d9e0;--ink:#1f2328;--soft:#59636e;--grid:#e4e8ec;--ours:#0969da;--other:#6e7781`;
const dark = `--paper:#0d1117;--edge:#3d444d;--ink:#f0f6fc;--soft:#9198a1;--grid:#262c36;--ours:#4c9aff;--other:#8b949e`;

const style = `
svg{${light}}
@media(prefers-color-scheme:dark){svg{${dark}}}
text{font:13px system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;fill:var(--ink)}
.title{font-size:17px;font-weight:600}.soft{fill:var(--soft)}.small{font-size:11.5px;fill:var(--soft)}.bold{font-weight:600}
.label{paint-order:stroke;stroke:var(--paper);stroke-width:5px;stroke-linejoin:round}
.paper{fill:var(--paper);stroke:var(--edge)}.grid{stroke:var(--grid)}.axis{stroke:var(--soft)}
.ours{fill:var(--ours)}.other{fill:var(--other)}.pale{fill-opacity:.3}.dot{fill-opacity:.5}
.line{fill:none;stroke-width:2}.line.ours{stroke:var(--ours);fill:none}.line.other{stroke:var(--other);fill:none;stroke-dasharray:6 4}
.mark{stroke:var(--ink);stroke-width:2}.range{stroke-width:1.5}.range.ours{stroke:var(--ours)}.range.other{stroke:var(--other)}
`;

export function page({ title, subtitle, description, footer, height }: Page, body: readonly string[]): string {
  const parts = [
    element("title", { id: "title" }, text(0, 0, title).replace(/<[^>]*>/g, "")),
    element("desc", { id: "desc" }, text(0, 0, description).replace(/<[^>]*>/g, "")),
    element("style", {}, style),
    element("rect", { class: "paper", x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 8 }),
    text(inner.left, 34, title, { class: "title" }),
    text(inner.left, 56, subtitle, { class: "soft" }),
    ...body,
    text(inner.left, height - 16, footer, { class: "small" }),
  ];
  const root = {
    xmlns: "http://www.w3.org/2000/svg",
    viewBox: `0 0 ${width} ${height}`,
    ...{ width, height, role: "img", "aria-labelledby": "title desc" },
  };
  return `${element("svg", root, `\n${parts.join("\n")}\n`)}\n`;
}
