/** The times of one candidate: what follows from those that were given, and the inequalities between them. */
import { killMargin, safeShare } from "./core/deadlines.ts";
import type { Millis, Timing } from "./core/types.ts";
import { formatDuration } from "./duration.ts";

/** What a user gave; undefined: derived from the others. */
export interface GivenTiming {
  readonly leaseDuration: Millis | undefined;
  readonly renewDeadline: Millis | undefined;
  readonly retryPeriod: Millis | undefined;
  readonly killAfter: Millis | undefined;
}

type ElectionTiming = Pick<Timing, "leaseDuration" | "renewDeadline" | "retryPeriod" | "killAfter">;

/** client-go's usual values, and room for them in a lease. */
const usual = { leaseDuration: 15_000, killAfter: 3_000 };
/** Less is no chance for a command to end by itself. */
const leastKillAfter: Millis = 500;
/** Below this no renewal could be missed, and killing would take half of the lease. */
const leastDuration: Millis = 4_000;
/** The same where the server's clock takes its share. */
const leastCoordinated: Millis = 6_000;
/** client-go: JitterFactor of leaderelection.go. */
const jitter = 1.2;

/** Sets that satisfy every rule, for those whose own does not; a test says so. */
export const workingSets: readonly ElectionTiming[] = [
  { leaseDuration: 5_000, renewDeadline: 2_000, retryPeriod: 500, killAfter: 1_000 },
  { leaseDuration: 10_000, renewDeadline: 5_000, retryPeriod: 1_000, killAfter: 3_000 },
  { leaseDuration: 15_000, renewDeadline: 10_000, retryPeriod: 2_000, killAfter: 3_000 },
  { leaseDuration: 30_000, renewDeadline: 20_000, retryPeriod: 4_000, killAfter: 5_000 },
  { leaseDuration: 60_000, renewDeadline: 40_000, retryPeriod: 5_000, killAfter: 10_000 },
];

/** Fills in what was not given. `reserve`: what the server's clock may take from a lease where the server elects (server-taker.ts). */
export function deriveTiming(given: GivenTiming, reserve: Millis = 0): ElectionTiming {
  const leaseDuration = given.leaseDuration ?? usual.leaseDuration;
  const safe = (leaseDuration - reserve) * safeShare;
  const renewDeadline =
    given.renewDeadline ?? tens(Math.min(((leaseDuration - reserve) * 2) / 3, safe - killMargin - leastKillAfter));
  const retryPeriod = given.retryPeriod ?? Math.floor(renewDeadline / 5);
  const room = Math.floor(safe - killMargin - renewDeadline);
  const killAfter = given.killAfter ?? Math.max(leastKillAfter, Math.min(usual.killAfter, room));
  return { leaseDuration, renewDeadline, retryPeriod, killAfter };
}

/** Why these times would not be safe, as a sentence with the terms and their values; null when they are. */
export function timingFlaw(timing: ElectionTiming, reserve: Millis = 0): string | null {
  const flaw = ruleBroken(timing, reserve);
  return flaw === null ? null : `${flaw}; working values are: ${flagsFor(nearestSet(timing.leaseDuration, reserve))}`;
}

function ruleBroken(
  { leaseDuration: D, renewDeadline: d, retryPeriod: p, killAfter: g }: ElectionTiming,
  reserve: Millis,
): string | null {
  const [lease, renew, retry, kill] = [D, d, p, g].map(formatDuration);
  if (D % 1000 !== 0)
    return `--lease-duration ${lease} is not a whole number of seconds, and a Lease cannot hold anything else`;
  const least = reserve === 0 ? leastDuration : leastCoordinated;
  if (D < least)
    return `--lease-duration ${lease} is too short: at least ${formatDuration(least)} are needed ${reserve === 0 ? "" : "with --coordinated "}to stop a command before others may start theirs`;
  if (D > (2 ** 31 - 1) * 1000) return `--lease-duration ${lease} is more than a Lease can hold`;
  if (p <= 0) return `--retry-period ${retry} must be more than 0`;
  if (d >= D) return `--renew-deadline ${renew} must be shorter than --lease-duration ${lease}`;
  if (d <= jitter * p)
    return `--renew-deadline ${renew} must be longer than 1.2 times --retry-period ${retry} (${formatDuration(Math.ceil(jitter * p))})`;
  const needed = d + g + killMargin;
  const safe = Math.floor((D - reserve) * safeShare);
  const less = reserve === 0 ? "" : ` without ${formatDuration(reserve)} for the server's clock (--coordinated)`;
  if (needed > safe)
    return (
      `--renew-deadline ${renew} + --kill-after ${kill} + ${formatDuration(killMargin)} to kill and confirm make ` +
      `${formatDuration(needed)}, more than 99 % of --lease-duration ${lease}${less} (${formatDuration(safe)}), ` +
      "so the command could outlive its lease"
    );
  return null;
}

/** "--lease-duration 15s --renew-deadline 10s --retry-period 2s --kill-after 3s" */
export function flagsFor({ leaseDuration, renewDeadline, retryPeriod, killAfter }: ElectionTiming): string {
  const values = { leaseDuration, renewDeadline, retryPeriod, killAfter };
  return Object.entries(values)
    .map(
      ([name, span]) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${formatDuration(span)}`,
    )
    .join(" ");
}

function nearestSet(duration: Millis, reserve: Millis): ElectionTiming {
  if (reserve > 0)
    return deriveTiming({ ...unset, leaseDuration: Math.max(leastCoordinated, wholeSeconds(duration)) }, reserve);
  const first = workingSets[0] as ElectionTiming;
  return workingSets.reduce((best, set) => (set.leaseDuration <= duration ? set : best), first);
}

const unset = { renewDeadline: undefined, retryPeriod: undefined, killAfter: undefined };
const wholeSeconds = (span: Millis): Millis => Math.min(Math.floor(span / 1000) * 1000, 60_000);

/** Down to a hundredth of a second, so that the start line can be read. */
function tens(span: Millis): Millis {
  return Math.floor(span / 10) * 10;
}
