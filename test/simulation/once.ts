/**
 * `--once`: the scenario of a seed with jobs that run until they have succeeded once. Every some seconds a new version is deployed, with a
 * key of its own; what starts from then on asks for that one. Hands edit the record, and spoil it for a while.
 */
import type { Job } from "../../src/core/job.ts";
import type { Done } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import { Dice } from "./dice.ts";
import { jobOf, jobScenarioOf } from "./jobs.ts";
import type { Fault, Scenario } from "./scenario.ts";

export function onceScenarioOf(seed: number): Scenario {
  const scenario = jobScenarioOf(seed);
  const dice = new Dice(seed ^ 0x0ce5);
  const { calmFrom, stale } = scenario;
  const faults: Fault[] = Array.from({ length: dice.below(5) }, (): Fault => {
    const at = dice.between(400, calmFrom);
    const on = { what: dice.pick(["acquired", "released", "written"] as const), after: dice.between(0, 10) };
    // Whoever is served old states twice in a row believes them, and what a deletion then makes of that is another matter.
    const kind = dice.pick(["crash", stale.share > 0 ? "crash" : "delete", "note", "note", "spoil"] as const);
    if (kind === "crash") return { at, on, kind, target: "holder" };
    return kind === "spoil" ? { at, kind, span: dice.between(100, 5_000) } : { at, on, kind };
  });
  return { ...scenario, faults: [...scenario.faults, ...faults].sort((a, b) => a.at - b.at), once: true };
}

/** What a candidate is asked for that starts now; true time tells which version is deployed. */
export function onceJobOf(dice: Dice, now: Millis, deployed: Millis, leaseDuration: Millis): Job {
  const job = jobOf(dice, now, leaseDuration);
  const calm: Job = { ...job, holdAtLeast: dice.chance(0.8) ? 0 : job.holdAtLeast };
  if (dice.chance(0.1)) return calm;
  const version = Math.floor(deployed / 9_000);
  const ttl = version % 3 === 2 ? dice.between(2_000, 12_000) : Infinity;
  return { ...calm, once: { key: `version ${version}`, hash: `v${version}`, ttl, lease: "simulated" } };
}

/** A hand adds a key of its own. */
export function noted(done: Done | null, key: string): Done | null {
  if (done !== null && done.kind !== "keys") return done;
  return { kind: "keys", keys: new Map([...(done?.keys ?? []), [key, { at: 0, until: Infinity }]]), text: null };
}
