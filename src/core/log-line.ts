import type { Report } from "./types.ts";

/** One line for the user: a whole sentence, and the same facts as fields for `--log-format json`. */
export interface LogLine {
  readonly level: "error" | "warn" | "info" | "debug";
  /** What it tells of, for machines: sentences may change, this does not. docs/operations.md has them all. */
  readonly kind: LineKind;
  readonly message: string;
  readonly fields: LogFields;
}

export type LineKind =
  | Report["kind"]
  | "contending"
  | "candidacy"
  | "election-off"
  | "machine"
  | "listening"
  | "process-tree"
  | "event"
  | "pod-label"
  | "lines-dropped"
  | "guard-released"
  | "internal-error"
  | "end";

/** Every name that the JSON has beside time, level, kind, message, lease and identity; docs/operations.md has what they mean. */
export const fieldNames = [
  "phase",
  "holder",
  "transitions",
  "fencingToken",
  "pid",
  "signal",
  "tick",
  "runs",
  "failures",
  "count",
  "exitCode",
  "outcome",
  "cause",
] as const;

export type LogFields = Readonly<Partial<Record<(typeof fieldNames)[number], string | number>>>;
