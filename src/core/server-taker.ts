/**
 * Where the server elects, it takes an expired Lease by its own time of day, compared with the renewTime in the record, which is ours.
 * So a holder whose clock is behind the server's has less time than the duration says.
 */
import { killMargin, safeShare } from "./deadlines.ts";
import { dateStep } from "./hold-back.ts";
import type { Answered } from "./lease.ts";
import type { Hold } from "./state.ts";
import type { Millis, Timing } from "./types.ts";

/** Another API server than the one that answered us may be the one that elects; their clocks differ by less than this. */
const betweenServers: Millis = 500;
/** A `Date` is up to a second old when it is written: the most that this takes from a lease where all clocks agree. */
export const serverSlack: Millis = dateStep + betweenServers;
/** Clocks that differ by more are no basis for an election by time of day. */
export const mostOffset: Millis = 3_000;

/**
 * How long everybody leaves a Lease alone that was written with a request that was sent then. The server has written its `Date` after
 * the request was sent: so at that moment it was not later there than the end of that second.
 */
export function leftAlone({ lease, serverTime }: Answered, { leaseDuration }: Timing): Millis {
  const { coordination, renewTime } = lease.record;
  if (coordination === null) return leaseDuration;
  const ahead = serverTime === undefined || renewTime === null ? mostOffset : serverTime - renewTime;
  return leaseDuration - Math.max(0, ahead + serverSlack);
}

/** client-go's rule for a renew deadline: what is shorter than this is over before a renewal is answered. */
export function leavesTime(untilTerm: Millis, { retryPeriod }: Timing): boolean {
  return untilTerm > 1.2 * retryPeriod;
}

/** How far the server's clock was ahead of ours when it acknowledged this hold. */
export function aheadOfUs({ lease, server }: Pick<Hold, "lease" | "server">): Millis {
  return Math.max(0, server.time - (lease.record.renewTime ?? server.time));
}

/**
 * How far the server's time of day is ahead of ours, in the middle of what its answer allows.
 * @param wall our own time of day when the answer came, which took this long
 */
export function offsetOf(serverTime: Millis, wall: Millis, took: Millis): Millis {
  return serverTime + dateStep / 2 - (wall - took / 2);
}

/**
 * Who was refused for his clock takes part again when it is nearer than that by the resolution of a `Date`: a clock that stays near the limit
 * is measured now on this side of it and now on the other.
 */
export function limitAfterRefusal(limit: Millis): Millis {
  return limit - Math.min(dateStep, limit / 2);
}

/** By how much the server's clock may differ from ours, so that these times still leave a command time to be stopped. */
export function offsetLimit({ leaseDuration, retryPeriod, killAfter }: Timing): Millis {
  const room = (leaseDuration - serverSlack) * safeShare - killMargin - killAfter;
  return Math.max(0, Math.min(mostOffset, room - 2 * retryPeriod));
}
