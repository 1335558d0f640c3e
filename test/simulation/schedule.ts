/**
 * `--schedule`: the scenario of a seed with candidates that run their command at ticks. The clocks of their machines differ by up to two
 * minutes, and are set back and forward; leaders crash where it hurts, between the write that records a tick and the start.
 */
import { service, type Job } from "../../src/core/job.ts";
import type { Schedule } from "../../src/core/schedule.ts";
import type { Millis } from "../../src/core/types.ts";
import { Dice } from "./dice.ts";
import type { Fault, Scenario } from "./scenario.ts";
import { scenarioOf } from "./scenario.ts";
import { serverEpoch } from "./sim-api.ts";

/** What is scheduled in one simulation. */
export interface SimSchedule {
  readonly period: Millis;
  readonly catchUp: Schedule["catchUp"];
}

/** The Lease is the memory: hands that take it away are another matter (docs/jobs.md). */
const forgetful = ["delete", "recreate"];

export function scheduleScenarioOf(seed: number): Scenario {
  const scenario = scenarioOf(seed);
  const dice = new Dice(seed ^ 0x5c4e);
  const skew = dice.pick([500, 500, 5_000, 120_000]);
  const machines = scenario.machines.map((machine) => ({
    ...machine,
    wallOffset: serverEpoch + dice.between(-skew, skew),
  }));
  const faults = scenario.faults
    .filter(({ kind }) => !forgetful.includes(kind))
    .map((fault): Fault =>
      fault.kind === "wall-step" ? { ...fault, by: dice.pick([-30_000, -3_000, 700, 20_000]) } : fault,
    );
  const crashes = Array.from({ length: dice.below(4) }, (): Fault => {
    const on = { what: dice.pick(["written", "written", "acquired", "released"] as const), after: dice.between(0, 30) };
    const at = dice.between(400, scenario.calmFrom);
    if (dice.chance(0.7)) return { at, on, kind: "crash", target: "holder" };
    return { at, on, kind: "cut", target: "holder", way: "back", span: dice.between(100, 8_000) };
  });
  const schedule: SimSchedule = {
    period: dice.pick([1_000, 1_000, 2_000, 5_000]),
    catchUp: dice.pick(["none", "last"] as const),
  };
  const all = [...faults, ...crashes].sort((a, b) => a.at - b.at);
  return { ...scenario, machines, faults: all, jobs: true, schedule };
}

/** What a candidate is asked for. */
export function scheduledJobOf({ period, catchUp }: SimSchedule, dice: Dice): Job {
  const ticks = {
    after: (time: Millis) => (Math.floor(time / period) + 1) * period,
    upTo: (time: Millis) => Math.floor(time / period) * period,
  };
  return { ...service, maxRun: dice.chance(0.3) ? dice.between(300, 2_000) : Infinity, schedule: { ticks, catchUp } };
}

/** How long the command of a tick takes: mostly less than there is time for, at times more. */
export function runOf({ period }: SimSchedule, dice: Dice): Millis {
  return dice.chance(0.85) ? dice.between(5, 0.7 * period) : dice.between(0.7, 3) * period;
}
