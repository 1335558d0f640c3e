/** --schedule as croner reads it: what is taken, what is refused and where, leap days, and clock changes both ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSchedule } from "../src/bundles/schedule.ts";
import type { Ticks } from "../src/world.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

function ticksOf(expression: string, zone = "UTC"): Ticks {
  const read = readSchedule({ by: "--schedule", text: expression }, { by: "--time-zone", text: zone }, now);
  assert.ok(typeof read !== "string", JSON.stringify(read));
  return read.ticks;
}

function refusal(expression: string, zone = "UTC"): string {
  const read = readSchedule({ by: "--schedule", text: expression }, { by: "--time-zone", text: zone }, now);
  assert.ok(typeof read === "string", `${expression} must be refused`);
  return read;
}

/** The ticks in this time, without date and fraction where those are clear. */
function between(ticks: Ticks, from: string, to: string): string[] {
  const found: string[] = [];
  for (let at = ticks.after(Date.parse(from)); at <= Date.parse(to); at = ticks.after(at))
    found.push(new Date(at).toISOString().slice(0, 19));
  return found;
}

void test("five fields, six with the second first, names, lists, ranges, steps and nicknames are taken", () => {
  const rows = [
    ["0 3 * * *", "2026-01-01T03:00:00"],
    ["30 0 3 * * *", "2026-01-01T03:00:30"],
    ["*/15 9-17 * * MON-FRI", "2026-01-01T09:00:00"],
    ["0 12 * FEB,MAR sun", "2026-02-01T12:00:00"],
    ["0 0 L * *", "2026-01-31T00:00:00"],
    ["0 9 * * MON#1", "2026-01-05T09:00:00"],
    ["0 0 * * 7", "2026-01-04T00:00:00"],
    ["@monthly", "2026-02-01T00:00:00"],
  ] as const;
  for (const [expression, first] of rows)
    assert.equal(new Date(ticksOf(expression).after(now)).toISOString().slice(0, 19), first, expression);
});

void test("a field that cannot be is named with its place and with what is accepted there", () => {
  const rows = [
    [
      "0 25 * * *",
      /^--schedule "0 25 \* \* \*" has "25" at character 3, which is no hour \(field 2 of 5\); it takes 0 to 23/,
    ],
    ["1,61 * * * *", /has "61" at character 3, which is no minute \(field 1 of 5\); it takes 0 to 59, with \*, lists/],
    ["61 * * * * *", /has "61" at character 1, which is no second \(field 1 of 6\)/],
    ["* *  32 * *", /has "32" at character 6, which is no day of the month/],
    ["* * 0 * *", /has "0" at character 5, which is no day of the month/],
    ["* * * 13 *", /which is no month \(field 4 of 5\); it takes 1 to 12, or JAN to DEC/],
    ["* * * FOO *", /has "FOO" at character 7/],
    ["* * * * 8", /which is no day of the week .* 0 to 7 \(both ends are Sunday\)/],
    ["*/0 * * * *", /has "\*\/0" at character 1/],
    ["0 22-2 * * *", /has "22-2" at character 3, which is no hour/],
    ["1,,2 * * * *", /has "" at character 3, which is no minute/],
    ["* * * *", /has 4 fields; give five \(minute, hour, day of the month, month, day of the week\), or six/],
    ["* * * * * * *", /has 7 fields/],
    ["2026-01-01T00:00:00", /has 1 field; give five/],
    ["@reboot", /is not known; give @hourly, @daily/],
    ["@every 5m", /is not known; give @hourly, @daily/],
  ] as const;
  for (const [expression, sentence] of rows) assert.match(refusal(expression), sentence);
});

void test("what never comes is refused, what comes every 28 years is not", () => {
  for (const never of ["0 0 30 2 *", "0 0 30 FEB *", "0 0 31 4,6,9,11 *", "0 0 0 31 JUN *"])
    assert.match(refusal(never), /never comes: no month that it names has such a day/);
  assert.equal(ticksOf("0 0 29 2 +MON").after(now), Date.parse("2044-02-29T00:00:00Z"));
});

void test("a time zone that is not known is refused; without one it is that of the process, and said", () => {
  assert.match(
    refusal("@daily", "Europe/Atlantis"),
    /^--time-zone "Europe\/Atlantis" is no time zone .* Europe\/Berlin/,
  );
  const { TZ: before } = process.env;
  try {
    for (const [zone, told] of [
      ["Asia/Kathmandu", /in Asia\/Kath?mandu \(of this process/],
      ["Europe/Atlantis", /\(TZ=Europe\/Atlantis\) is not known/],
    ] as const) {
      process.env["TZ"] = zone;
      const read = readSchedule({ by: "--schedule", text: "@daily" }, null, now);
      assert.match(typeof read === "string" ? read : read.description, told);
    }
  } finally {
    if (before === undefined) delete process.env["TZ"];
    else process.env["TZ"] = before;
  }
});

void test("a leap day comes in leap years alone", () => {
  assert.deepEqual(between(ticksOf("0 12 29 2 *"), "2026-01-01T00:00:00Z", "2033-01-01T00:00:00Z"), [
    "2028-02-29T12:00:00",
    "2032-02-29T12:00:00",
  ]);
});

const spring = ["2026-03-28T20:00:00Z", "2026-03-30T02:00:00Z"] as const;
const autumn = ["2026-10-24T20:00:00Z", "2026-10-26T02:00:00Z"] as const;

void test("in spring a fixed time in the hour that is left out comes when the clock has jumped, once", () => {
  assert.deepEqual(between(ticksOf("30 2 * * *", "Europe/Berlin"), ...spring), [
    "2026-03-29T01:00:00", // 3:00 in summer time
    "2026-03-30T00:30:00",
  ]);
  assert.deepEqual(between(ticksOf("30 2,3 * * *", "Europe/Berlin"), ...spring).slice(0, 2), [
    "2026-03-29T01:00:00",
    "2026-03-29T01:30:00",
  ]);
  assert.deepEqual(between(ticksOf("0,30 2 * * *", "Europe/Berlin"), ...spring).length, 3); // both come at 3:00, as one
});

void test("in autumn a fixed time in the hour that comes twice comes once, the first time", () => {
  assert.deepEqual(between(ticksOf("30 2 * * *", "Europe/Berlin"), ...autumn), [
    "2026-10-25T00:30:00", // 2:30 in summer time
    "2026-10-26T01:30:00",
  ]);
  assert.deepEqual(between(ticksOf("30 2,3 * * *", "Europe/Berlin"), ...autumn).slice(0, 2), [
    "2026-10-25T00:30:00",
    "2026-10-25T02:30:00",
  ]);
});

void test("intervals follow the clock on the wall: nothing is left out, and nothing comes too often", () => {
  const every = ticksOf("*/30 * * * *", "Europe/Berlin");
  assert.equal(between(every, "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z").length, 46); // a day of 23 hours
  assert.equal(between(every, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z").length, 50); // a day of 25
  const inTheHour = ticksOf("*/30 2 * * *", "Europe/Berlin");
  assert.equal(between(inTheHour, ...spring).length, 2); // there is no 2 o'clock in that night
  assert.equal(
    between(inTheHour, ...autumn)
      .slice(0, 4)
      .at(-1),
    "2026-10-25T01:30:00",
  ); // and here two of them
});

void test("looking back finds the same ticks as looking ahead, on both sides of each clock change", () => {
  for (const zone of ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]) {
    for (const expression of ["30 2 * * *", "*/20 * * * *", "30 1,2,3 * * *", "15 */2 * * *"]) {
      const ticks = ticksOf(expression, zone);
      for (const date of ["2026-03-08", "2026-03-28", "2026-04-04", "2026-10-03", "2026-10-24", "2026-11-01"]) {
        const end = Date.parse(`${date}T00:00:00Z`) + 129_600_000;
        let at = ticks.after(Date.parse(`${date}T00:00:00Z`));
        for (let next = ticks.after(at); next < end; at = next, next = ticks.after(at)) {
          assert.deepEqual(
            [at, at + 999, next - 1].map((time) => ticks.upTo(time)),
            [at, at, at],
            `${expression} in ${zone}`,
          );
          assert.equal(ticks.after(at + 500), next);
        }
      }
    }
  }
});
