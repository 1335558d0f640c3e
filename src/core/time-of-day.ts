/**
 * Times of day as text (RFC 3339) and back, without Date, which the core has not. The calendar is reckoned in days from a March
 * on, so that a leap day comes last (Howard Hinnant, "chrono-compatible low-level date algorithms").
 */
import type { Millis } from "./types.ts";

const day: Millis = 86_400_000;
/** Days of 400 years, and of the 1970 years before 1970-01-01 reckoned from 0000-03-01. */
const era = 146_097;
const epoch = 719_468;

/** In whole seconds, rounded down: "2026-03-29T01:00:00Z". */
export function formatTime(time: Millis): string {
  const days = Math.floor(time / day);
  const second = Math.floor((time - days * day) / 1_000);
  const clock = [second / 3_600, (second / 60) % 60, second % 60].map((part) => digits(part, 2)).join(":");
  return `${dateOf(days)}T${clock}Z`;
}

const pattern = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))$/;

/** Null for what is no time. Fractions of a second are dropped. */
export function parseTime(text: string): Millis | null {
  const found = pattern.exec(text);
  if (found === null) return null;
  const [year = 0, month = 0, date = 0, hour = 0, minute = 0, second = 0] = found.slice(1, 7).map(Number);
  const days = daysOf(year, month, date);
  if (dateOf(days) !== text.slice(0, 10) || hour > 23 || minute > 59 || second > 59) return null;
  const ahead = (Number(found[8] ?? 0) * 60 + Number(found[9] ?? 0)) * (found[7] === "-" ? -1 : 1);
  return days * day + ((hour * 60 + minute - ahead) * 60 + second) * 1_000;
}

function dateOf(days: number): string {
  const since = days + epoch;
  const eras = Math.floor(since / era);
  const inEra = since - eras * era;
  const years = Math.floor(
    (inEra - Math.floor(inEra / 1_460) + Math.floor(inEra / 36_524) - Math.floor(inEra / 146_096)) / 365,
  );
  const inYear = inEra - (365 * years + Math.floor(years / 4) - Math.floor(years / 100));
  const fromMarch = Math.floor((5 * inYear + 2) / 153);
  const date = inYear - Math.floor((153 * fromMarch + 2) / 5) + 1;
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  return [digits(years + eras * 400 + (month <= 2 ? 1 : 0), 4), digits(month, 2), digits(date, 2)].join("-");
}

function daysOf(year: number, month: number, date: number): number {
  const fromMarch = (month + 9) % 12;
  const years = month <= 2 ? year - 1 : year;
  const eras = Math.floor(years / 400);
  const inEra = years - eras * 400;
  const inYear = Math.floor((153 * fromMarch + 2) / 5) + date - 1;
  return eras * era + inEra * 365 + Math.floor(inEra / 4) - Math.floor(inEra / 100) + inYear - epoch;
}

function digits(value: number, count: number): string {
  return String(Math.floor(value)).padStart(count, "0");
}
