import type { Millis } from "./types.ts";

/** A time span for people: "2.5s", "80ms", "1m30s". */
export function seconds(span: Millis): string {
  if (!Number.isFinite(span)) return "ever";
  const whole = Math.max(0, Math.round(span));
  if (whole < 1_000) return `${whole}ms`;
  if (whole < 60_000) return `${Number((whole / 1000).toFixed(1))}s`;
  const rest = Math.round((whole % 60_000) / 1000);
  return `${Math.floor(whole / 60_000)}m${rest === 0 ? "" : `${rest}s`}`;
}
