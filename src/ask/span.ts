import type { Millis } from "../core/types.ts";

/** A time span as people read it in a table: "3s", "4m10s", "2h5m", "3d4h". `fine`: "0.8s", "12ms" for short ones. */
export function span(time: Millis, fine = false): string {
  if (fine && time < 1_000) return `${Math.max(0, Math.round(time))}ms`;
  if (fine && time < 10_000) return `${(time / 1_000).toFixed(1)}s`;
  const seconds = Math.max(0, Math.floor(time / 1_000));
  const [minutes, hours, days] = [Math.floor(seconds / 60), Math.floor(seconds / 3_600), Math.floor(seconds / 86_400)];
  if (days > 0) return two(days, "d", hours % 24, "h");
  if (hours > 0) return two(hours, "h", minutes % 60, "m");
  return minutes > 0 ? two(minutes, "m", seconds % 60, "s") : `${seconds}s`;
}

function two(large: number, unit: string, small: number, smaller: string): string {
  return small === 0 ? `${large}${unit}` : `${large}${unit}${small}${smaller}`;
}
