import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deadlines } from "../src/core/deadlines.ts";
import { deriveTiming, flagsFor, timingFlaw, workingSets, type GivenTiming } from "../src/timing.ts";

const nothing: GivenTiming = {
  leaseDuration: undefined,
  renewDeadline: undefined,
  retryPeriod: undefined,
  killAfter: undefined,
};
const given = (change: Partial<GivenTiming>): GivenTiming => ({ ...nothing, ...change });

void test("without any flag the times are client-go's 15s, 10s and 2s, and 3s from the stop signal to SIGKILL", () => {
  assert.equal(
    flagsFor(deriveTiming(nothing)),
    "--lease-duration 15s --renew-deadline 10s --retry-period 2s --kill-after 3s",
  );
});

void test("every lease duration from 4s on is enough to give: the rest follows and is safe", () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 100_000 }), (seconds) => {
      const timing = deriveTiming(given({ leaseDuration: seconds * 1000 }));
      assert.equal(timingFlaw(timing), null);
      assert.ok(timing.killAfter >= 500);
    }),
  );
});

void test("times that are accepted leave the whole kill-after between the renew deadline and SIGKILL", () => {
  const span = fc.integer({ min: 1, max: 40_000 });
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 40 }), span, span, span, (seconds, renewDeadline, retryPeriod, killAfter) => {
      const timing = { leaseDuration: seconds * 1000, renewDeadline, retryPeriod, killAfter };
      fc.pre(timingFlaw(timing) === null);
      const whole = { ...timing, terminationGracePeriod: 0, startupTimeout: 0 };
      const { term, kill, expiry } = deadlines(0, timing.leaseDuration, whole);
      assert.ok(term >= renewDeadline - 1, "the renew deadline is not cut short");
      assert.ok(kill - term >= killAfter - 1e-6);
      assert.ok(expiry < timing.leaseDuration);
    }),
  );
});

void test("a refusal names the terms with their values and a set that works", () => {
  const rows: readonly (readonly [Partial<GivenTiming>, RegExp])[] = [
    [{ leaseDuration: 0 }, /^--lease-duration 0s is too short: at least 4s.*--lease-duration 5s/],
    [{ leaseDuration: 3_000 }, /^--lease-duration 3s is too short/],
    [{ leaseDuration: 4_500 }, /^--lease-duration 4.5s is not a whole number of seconds/],
    [{ leaseDuration: 2 ** 31 * 1000 }, /is more than a Lease can hold/],
    [{ renewDeadline: 15_000 }, /^--renew-deadline 15s must be shorter than --lease-duration 15s/],
    [{ retryPeriod: 9_000 }, /^--renew-deadline 10s must be longer than 1.2 times --retry-period 9s \(10.8s\)/],
    [{ retryPeriod: 0 }, /^--retry-period 0s must be more than 0/],
    [
      { leaseDuration: 10_000, renewDeadline: 8_000, killAfter: 2_000 },
      /^--renew-deadline 8s \+ --kill-after 2s \+ 1.5s .* 11.5s, more than 99 % of --lease-duration 10s \(9.9s\).*--lease-duration 10s --renew-deadline 5s/,
    ],
  ];
  for (const [change, sentence] of rows) assert.match(timingFlaw(deriveTiming(given(change))) ?? "", sentence);
});

void test("every set that a refusal offers works", () => {
  for (const set of workingSets) assert.equal(timingFlaw(set), null, flagsFor(set));
});
