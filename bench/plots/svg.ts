/** SVG as text: elements, and the page that all plots stand on. */

export type Attributes = Readonly<Record<string, string | number>>;

/** One element; numbers with a tenth of a pixel, text escaped by `text`. */
export function element(name: string, attributes: Attributes, inside = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(tenth(value))}"`);
  return inside === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${inside}</${name}>`;
}

export function text(x: number, y: number, content: string, more: Attributes = {}): string {
  return element("text", { x, y, ...more }, escape(content));
}

export function line(x1: number, y1: number, x2: number, y2: number, style: string): string {
  return element("line", { x1, y1, x2, y2, class: style });
}

/** About how wide a text is: the fonts of a system differ, so that what must not overlap keeps a distance. */
export function widthOf(content: string, size = 13): number {
  return content.length * size * 0.56;
}

function tenth(value: string | number): string {
  if (typeof value === "string") return value;
  if (!Number.isFinite(value)) throw new Error(`a plot got ${value} for a coordinate`);
  return String(Math.round(value * 10) / 10);
}

function escape(content: string): string {
  return content.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
