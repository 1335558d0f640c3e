import { formatTime } from "../core/time-of-day.ts";
import type { Millis } from "../core/types.ts";
import type { Facts } from "./facts.ts";
import { span } from "./span.ts";
import { printable } from "./status-table.ts";

/**
 * What has changed for somebody who asks who leads, in one sentence; null: nothing (a renewal).
 * @param before null: nothing was known
 * @param alone how long nobody has led before this change, where that was seen
 */
export function changeOf(before: Facts | null, after: Facts, alone: Millis | null): string | null {
  const holder = printable(after.holder);
  const by = after.kind === "other" ? " (not leader-exec)" : "";
  switch (after.state) {
    case "missing":
      return before?.state === "missing" ? null : before === null ? "there is no Lease" : "the Lease was deleted";
    case "free":
      if (before?.state === "free") return null;
      return before === null || before.holder === ""
        ? "nobody leads"
        : `${printable(before.holder)} released it; nobody leads`;
    case "expired":
      if (before?.state === "expired" && before.holder === after.holder) return null;
      return `${holder}${by} does not renew it any more; it has expired`;
    case "held":
      if (before === null)
        return `${holder}${by} leads${after.since === null ? "" : `, since ${formatTime(after.since)}`}`;
      if (before.holder !== after.holder || before.transitions !== after.transitions)
        return `${holder}${by} leads${alone === null ? "" : `, after ${span(alone, true)} without a leader`}`;
      if (before.state === "expired") return `${holder}${by} renews it again`;
      return after.stepDown !== null && before.stepDown !== after.stepDown
        ? `${holder} is asked to step down (request ${after.stepDown})`
        : null;
  }
}
