import { inner, page } from "../../../bench/plots/page.ts";
import { element, line, text } from "../../../bench/plots/svg.ts";
import type { Scene, Step, Story } from "./story.ts";

const rowHeight = 25;
const headHeight = 58;
/** The lifelines: a candidate at each side, the server between them; times stand at the left. */
const columns = { newer: inner.left + 120, server: (inner.left + 64 + inner.right) / 2, older: inner.right - 70 };
const names = { newer: "newer, version 1.1.0", server: "kube-apiserver", older: "older, version 1.0.0" };
type Column = keyof typeof columns;

/** A sequence drawing: one row a step, in their order, not to scale; a bar where a command runs. */
export function drawing({ kubernetes, day, scenes }: Story): string {
  const drawn: string[] = [];
  let y = inner.top;
  for (const scene of scenes) {
    drawn.push(...drawScene(scene, y));
    y += headHeight + scene.steps.length * rowHeight + 20;
  }
  const about = {
    title: "Coordinated election: who writes what",
    subtitle: "From an API server's audit log, seconds at the left; a thick bar is a command that runs",
    description: scenes.map(({ title, steps }) => `${title}: ${steps.map(sentence).join("; ")}`).join(". "),
    footer: `Recorded ${day}, Kubernetes ${kubernetes}, lease duration 7 s; renewals that say nothing new are left out`,
    height: y + 40,
  };
  return page(about, drawn);
}

function drawScene({ title, steps }: Scene, top: number): string[] {
  const first = top + headHeight;
  const bottom = first + steps.length * rowHeight;
  const rowOf = (index: number): number => first + index * rowHeight;
  const heads = Object.entries(columns).map(([name, x]) =>
    text(x, top + 34, names[name as Column], { class: "small bold", "text-anchor": "middle" }),
  );
  const lifelines = Object.values(columns).map((x) => line(x, top + 42, x, bottom - 6, "grid"));
  return [
    text(inner.left, top + 10, title, { class: "bold" }),
    ...heads,
    ...lifelines,
    ...bars(steps, rowOf, bottom),
    ...steps.flatMap((step, index) => drawStep(step, rowOf(index))),
  ];
}

/** A command that began in an earlier scene has a bar from the top, and one that goes on has one to the bottom. */
function bars(steps: readonly Step[], rowOf: (index: number) => number, bottom: number): string[] {
  const ofCommand = (who: string, what: "begins" | "ends") =>
    steps.findIndex((step) => "command" in step && step.who === who && step.command === what);
  return (["newer", "older"] as const).flatMap((who) => {
    const [begin, end] = [ofCommand(who, "begins"), ofCommand(who, "ends")];
    const bar = (from: number, to: number): string =>
      element("rect", { class: "ours", x: columns[who] - 5, y: from, width: 10, height: to - from, rx: 3 });
    const [top, low] = [rowOf(0) - 16, bottom - 6];
    if (begin < 0 && end < 0) return [];
    if (begin < 0) return [bar(top, rowOf(end) + 2)];
    if (end < 0) return [bar(rowOf(begin) - 8, low)];
    return end > begin
      ? [bar(rowOf(begin) - 8, rowOf(end) + 2)]
      : [bar(top, rowOf(end) + 2), bar(rowOf(begin) - 8, low)];
  });
}

function drawStep(step: Step, y: number): string[] {
  const x = columnOf(step);
  const time = text(inner.left, y, step.at.toFixed(2), { class: "small" });
  if (!("text" in step)) {
    const words = "command" in step ? `command ${step.command}` : `${step.signal} to the command`;
    const beside = step.who === "newer" ? { x: x + 12, anchor: "start" } : { x: x - 12, anchor: "end" };
    return [time, text(beside.x, y, words, { class: "small label", "text-anchor": beside.anchor })];
  }
  const [from, to] = step.way === "to" ? [x, columns.server] : [columns.server, x];
  const tip = to + (to > from ? -6 : 6);
  return [
    time,
    line(from, y + 4, tip, y + 4, "axis"),
    element("path", { class: "other", d: `M${to} ${y + 4}L${tip} ${y}L${tip} ${y + 8}Z` }),
    text((from + to) / 2, y - 1, step.text, { class: "small label", "text-anchor": "middle" }),
  ];
}

const columnOf = ({ who }: Step): number => (who === "newer" || who === "older" ? columns[who] : columns.server);

function sentence(step: Step): string {
  if ("command" in step) return `${step.at} s: the command of ${step.who} ${step.command}`;
  if ("signal" in step) return `${step.at} s: ${step.signal} to the command of ${step.who}`;
  return `${step.at} s: ${step.way === "to" ? `${step.who} to the server` : `the server to ${step.who}`}, ${step.text}`;
}
