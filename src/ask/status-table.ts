/** The table of `status`, and what is to be said below it. */
import { formatTime } from "../core/time-of-day.ts";
import type { Millis } from "../core/types.ts";
import type { Facts } from "./facts.ts";
import { span } from "./span.ts";
import type { Row } from "./status-rows.ts";

type Column = readonly [title: string, cell: (facts: Facts, now: Millis) => string];

const usual: readonly Column[] = [
  ["STATE", ({ state }) => state],
  ["HOLDER", ({ holder }) => printable(holder)],
  ["SINCE", ({ since }, now) => ago(since, now)],
  ["RENEWED", ({ renewed, state }, now) => (state === "free" ? "" : ago(renewed, now))],
  [
    "EXPIRES",
    ({ expires }, now) => (expires === null ? "" : expires < now ? ago(expires, now) : `in ${span(expires - now)}`),
  ],
  ["TRANSITIONS", ({ transitions }) => String(transitions ?? "")],
];

const more: readonly Column[] = [
  ["BY", ({ kind }) => kind ?? ""],
  ["DURATION", ({ duration }) => (duration === null ? "" : span(duration))],
  ["HELD BACK", ({ holdUntil }, now) => (holdUntil === null ? "" : `for ${span(holdUntil - now)}`)],
  ["DONE", ({ done }) => (done === null ? "unreadable" : done === 0 ? "" : `${done} key${done === 1 ? "" : "s"}`)],
  ["LAST TICK", ({ lastTick }) => printable(lastTick ?? "")],
  ["STRATEGY", ({ strategy }) => printable(strategy ?? "")],
  ["VERSION", ({ version }) => version ?? ""],
];

/** Ends with a line end. @param now on the server's clock */
export function tableOf(rows: readonly Row[], now: Millis, isWide: boolean, withNamespace = isWide): string {
  const columns = isWide ? [...usual, ...more] : usual;
  const titles = [...(withNamespace ? ["NAMESPACE"] : []), "NAME", ...columns.map(([title]) => title)];
  const lines = rows.map((row) => {
    const names = [...(withNamespace ? [row.namespace] : []), row.name];
    if (row.state === "unreadable") return [...names, row.state];
    return [...names, ...columns.map(([, cell]) => cell(row, now) || "-")];
  });
  const notes = rows.flatMap((row) => notesOn(row).map((note) => `${row.name}: ${note}\n`));
  return `${aligned([titles, ...lines])}${notes.join("")}`;
}

/** What a table has no room for. */
export function notesOn(row: Row): string[] {
  if (row.state === "unreadable") return [row.message];
  const { holder, clockOff, stepDown, state, expires, preferred } = row;
  const notes: string[] = [];
  if (stepDown !== null) notes.push(`${printable(holder)} has been asked to step down (request ${stepDown})`);
  if (preferred !== null && preferred !== holder && holder !== "")
    notes.push(`the API server has asked ${printable(holder)} to make way for ${printable(preferred)}`);
  if (clockOff !== null) {
    const off = `${span(Math.abs(clockOff))} ${clockOff > 0 ? "ahead of" : "behind"}`;
    notes.push(`the holder's clock is ${off} the API server's, by whose clock all times here are given; set it right`);
  }
  if (state === "held" && expires === null)
    notes.push(
      "the Lease does not say when it was renewed, or for how long, so nobody can tell whether its holder lives",
    );
  return notes;
}

/** Cells that came from elsewhere: what a terminal would take for commands is shown as such. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, "\uFFFD");
}

/** As kubectl does it: each column as wide as its widest cell, three spaces between them. */
export function aligned(lines: readonly (readonly string[])[]): string {
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

/** As people read it; the time itself when it is years away. `""`: not known. */
export function ago(time: Millis | null, now: Millis): string {
  if (time === null) return "";
  return Math.abs(now - time) > 3_650 * 86_400_000 ? formatTime(time) : `${span(now - time)} ago`;
}
