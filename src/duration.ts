/** Durations as Go writes them, since that is what every Kubernetes flag takes: "15s", "1m30s", "500ms". */
import type { Millis } from "./core/types.ts";

const units: Readonly<Record<string, Millis>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** For error sentences. */
export const durationForms = "a duration such as 15s, 1m30s or 500ms (a bare number means seconds)";

/**
 * The span in whole milliseconds; null for what is no duration, is negative or finer than a millisecond. Go's grammar
 * (time.ParseDuration) with the units h, m, s and ms; a bare number counts seconds, as for coreutils' timeout.
 */
export function parseDuration(text: string): Millis | null {
  const bare = /^\d+(\.\d+)?$/.test(text);
  const parts = bare ? [[text, "s"]] : [...text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].map(([, n, unit]) => [n, unit]);
  if (!bare && !/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text)) return null;
  let sum = 0;
  for (const [number = "", unit = ""] of parts) sum += Number(number) * (units[unit] ?? NaN);
  const whole = Math.round(sum);
  return Math.abs(sum - whole) < 1e-6 && Number.isSafeInteger(whole) ? whole : null;
}

/** The shortest form that parses to the same span: "1m30s", "500ms", "0s". */
export function formatDuration(span: Millis): string {
  const parts: string[] = [];
  let rest = span;
  for (const [unit, size] of Object.entries(units)) {
    const isFraction = unit === "s" && rest % 1_000 !== 0 && rest > 1_000;
    const count = isFraction ? rest / size : Math.floor(rest / size);
    if (count > 0) parts.push(`${count}${unit}`);
    rest = isFraction ? 0 : rest % size;
  }
  return parts.join("") || "0s";
}
