/** The JSON of `status`: documented in docs/steering.md, where a field is never taken away and never changes its meaning. */
import type { Millis } from "../core/types.ts";
import { formatMicroTime } from "../io/lease-json.ts";
import type { Electorate, Standing } from "../io/lease-electorate.ts";
import { bestFirst, candidatesTrouble } from "./status-candidates.ts";
import type { Row } from "./status-rows.ts";

/** One object for one Lease; for several, one with the list of them. Ends with a line end. @param now on the server's clock */
export function jsonOf(
  rows: Row | readonly Row[],
  now: Millis,
  isLine = false,
  electorate: Electorate | null = null,
): string {
  const asOf = instant(now);
  const value = isList(rows)
    ? { asOf, leases: rows.map((row) => objectOf(row, now, null)) }
    : { asOf, ...objectOf(rows, now, electorate) };
  return `${JSON.stringify(value, null, isLine ? 0 : 2)}\n`;
}

function isList(rows: Row | readonly Row[]): rows is readonly Row[] {
  return Array.isArray(rows);
}

function objectOf(row: Row, now: Millis, electorate: Electorate | null): object {
  const { namespace, name, state } = row;
  if (row.state === "unreadable") return { namespace, name, state, message: row.message };
  const { holder, kind, since, transitions, renewed, duration, expires, clockOff, holdUntil } = row;
  return {
    namespace,
    name,
    state,
    holder: holder === "" ? null : holder,
    holderKind: kind,
    since: instant(since),
    transitions,
    renewed: instant(renewed),
    renewedAgoSeconds: seconds(renewed === null ? null : now - renewed),
    leaseDurationSeconds: seconds(duration),
    expires: instant(expires),
    expiresInSeconds: seconds(expires === null ? null : expires - now),
    holderClockAheadSeconds: seconds(clockOff),
    holdUntil: instant(holdUntil),
    doneKeys: row.done,
    lastTick: row.lastTick,
    stepDownRequest: row.stepDown,
    strategy: row.strategy,
    preferredHolder: row.preferred,
    candidates: electorate?.kind === "known" ? bestFirst(electorate.candidates).map(candidateOf) : null,
    candidatesMessage: electorate === null ? null : candidatesTrouble(row, electorate),
    version: row.version,
  };
}

function candidateOf({ identity, binaryVersion, emulationVersion, strategy, ...times }: Standing): object {
  const [registered, answered, asked] = [times.registered, times.answered, times.asked].map(instant);
  return { name: identity, binaryVersion, emulationVersion, strategy, registered, answered, unansweredSince: asked };
}

function instant(time: Millis | null): string | null {
  return time === null ? null : formatMicroTime(time);
}

function seconds(span: Millis | null): number | null {
  return span === null ? null : Math.round(span) / 1_000;
}
