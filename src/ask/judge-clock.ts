/** What the distance of the server's clock means. Pure. */
import type { Millis } from "../core/types.ts";
import { formatDuration } from "../duration.ts";
import { certainOffset, clockOffset, type ClockSample } from "./clock-offset.ts";
import { note, ok, problem, type Finding } from "./finding.ts";

/** Below this nobody notices. */
const unnoticed: Millis = 2_000;
/** Tokens and certificates are refused, and log lines mislead. */
const harmful: Millis = 60_000;

/** `depends`: what does not go well with clocks that differ, as a clause; null: nothing does. */
export function judgeClock(samples: readonly ClockSample[], depends: string | null): Finding {
  const offset = clockOffset(samples);
  if (offset === null)
    return note("clock", "the server's answers have no Date, so its clock cannot be compared with ours");
  const [least, most] = [tenths(offset.least), tenths(offset.most)];
  const facts = { leastMillis: least, mostMillis: most };
  const said = `the server's clock is between ${signed(least)} and ${signed(most)} of ours`;
  const certain = certainOffset(offset);
  if (certain < unnoticed) return ok("clock", said, facts);
  const advice = "set the clock of the machine that is wrong (NTP)";
  if (depends !== null) return problem("clock", `${said}, and ${depends}`, advice, facts);
  if (certain >= harmful)
    return problem("clock", `${said}; no deadline depends on it, but tokens and certificates do`, advice, facts);
  return note("clock", `${said}; no deadline depends on it`, advice, facts);
}

const tenths = (span: Millis): Millis => Math.round(span / 100) * 100;

const signed = (span: Millis): string => `${formatDuration(Math.abs(span))} ${span < 0 ? "behind" : "ahead"}`;
