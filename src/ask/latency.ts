/** How long answers take, and what that means for renewals. Pure. */
import type { Millis, Timing } from "../core/types.ts";
import { formatDuration } from "../duration.ts";
import { note, ok, problem, type Finding } from "./finding.ts";

/** The value that this share of all is not above (nearest rank). */
export function quantile(sorted: readonly Millis[], share: number): Millis {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** `took`: of reads that were answered; `asked`: how many there were to be. */
export function judgeLatency(took: readonly Millis[], asked: number, what: string, timing: Timing): Finding {
  const sorted = [...took].sort((a, b) => a - b);
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  const facts = { reads: took.length, p50Millis: rounded(p50), p99Millis: rounded(p99) };
  const said = `${took.length} reads of ${what}: p50 ${millis(p50)}, p99 ${millis(p99)}`;
  const limit = timing.renewDeadline / 3;
  if (p99 >= limit)
    return problem(
      "latency",
      `${said}, and a renewal gets ${formatDuration(Math.floor(limit))}, a third of --renew-deadline`,
      "find out what makes answers slow, or give longer times",
      facts,
    );
  if (took.length < asked)
    return note("latency", `${said}; answers are so slow that ${asked} reads were too many`, undefined, facts);
  if (p99 > timing.retryPeriod)
    return note(
      "latency",
      `${said}, longer than --retry-period ${formatDuration(timing.retryPeriod)}`,
      undefined,
      facts,
    );
  return ok("latency", said, facts);
}

export const millis = (span: Millis): string => `${rounded(span)} ms`;

const rounded = (span: Millis): number => Math.round(span * 10) / 10;
