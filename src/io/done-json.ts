/** The annotation `leader-exec/done`: {"v":1,"keys":{"<hash>":{"at":"<RFC 3339>","until":"<RFC 3339>"}}}, `until` only where there is one. */
import type { Done, DoneKey } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import { isObject } from "./json.ts";

/** What `--once` has recorded. */
export const doneAnnotation = "leader-exec/done";

const version = 1;
/** RFC 3339 has no later years. */
const lastInstant: Millis = Date.UTC(9999, 11, 31);

/** Null: there is none. Whatever is not exactly as it should be cannot be read: half a record would run half of the keys again. */
export function parseDone(value: unknown): Done | null {
  if (value === undefined) return null;
  // Annotations are text; in the file store a hand may have written something else, which is not to get lost.
  const text = typeof value === "string" ? value : JSON.stringify(value);
  const whole = parsed(text);
  if (!isObject(whole)) return { kind: "unreadable", text };
  const { v, keys } = whole;
  if (typeof v === "number" && v > version) return { kind: "newer", text };
  if (v !== version || !isObject(keys)) return { kind: "unreadable", text };
  const entries = Object.entries(keys).map(([hash, entry]): [string, DoneKey] => [hash, keyOf(entry)]);
  const isWhole = entries.every(([, { at, until }]) => !Number.isNaN(at) && !Number.isNaN(until));
  return isWhole ? { kind: "keys", keys: new Map(entries), text } : { kind: "unreadable", text };
}

/** As it was read, if it was. */
export function formatDone(done: Done): string {
  if (done.kind !== "keys") return done.text;
  if (done.text !== null) return done.text;
  const keys = [...done.keys].map(([hash, { at, until }]) => {
    return [hash, until === Infinity ? { at: instant(at) } : { at: instant(at), until: instant(until) }];
  });
  return JSON.stringify({ v: version, keys: Object.fromEntries(keys) as object });
}

function keyOf(entry: unknown): DoneKey {
  if (!isObject(entry)) return { at: NaN, until: NaN };
  return { at: timeOf(entry["at"]), until: entry["until"] === undefined ? Infinity : timeOf(entry["until"]) };
}

function timeOf(value: unknown): Millis {
  return typeof value === "string" ? Date.parse(value) : NaN;
}

function instant(time: Millis): string {
  return new Date(Math.min(Math.ceil(time), lastInstant)).toISOString();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null; // no JSON, so it cannot be read
  }
}
