/** Values for tests of the core: a candidate, Leases, moments, and states reached by the steps that lead there. */
import assert from "node:assert/strict";
import { initial, step } from "../../src/core/lifecycle.ts";
import { ourselves } from "../../src/core/elector.ts";
import { service, type Job } from "../../src/core/job.ts";
import type { LeaseRecord, StoredLease } from "../../src/core/lease.ts";
import type { Leading, Releasing, Standby, State, Stopping } from "../../src/core/state.ts";
import type { Candidate, Effect, Event, Millis, SignalName, Turn } from "../../src/core/types.ts";

export const me: Candidate = {
  identity: "me",
  timing: {
    leaseDuration: 15_000,
    renewDeadline: 10_000,
    retryPeriod: 2_000,
    killAfter: 3_000,
    terminationGracePeriod: 25_000,
    startupTimeout: 120_000,
  },
  stopSignal: "SIGTERM",
  stopSignalReplacesTerm: false,
  job: service,
};

export const epoch = Date.UTC(2026, 0, 1);
export const sigterm: SignalName = { name: "SIGTERM", number: 15 };

export function turn(at: Millis, change: Partial<Turn> = {}): Turn {
  return { at, wall: epoch + at, chance: 0.5, me, elector: ourselves, ...change };
}

export function lease(record: Partial<LeaseRecord> = {}, version = "10", uid = "uid"): StoredLease {
  const whole: LeaseRecord = {
    holder: "other",
    durationSeconds: 15,
    acquireTime: epoch,
    renewTime: epoch,
    transitions: 3,
    markedBy: record.holder ?? "other",
    holdUntil: null,
    done: null,
    lastTick: null,
    stepDown: null,
    coordination: null,
    ...record,
  };
  return {
    record: whole,
    version,
    uid,
    fingerprint: JSON.stringify({
      ...whole,
      markedBy: null,
      holdUntil: null,
      done: null,
      lastTick: null,
      stepDown: null,
      coordination: null,
    }),
    object: {},
  };
}

export function mine(record: Partial<LeaseRecord> = {}, version = "11", uid = "uid"): StoredLease {
  return lease({ holder: "me", transitions: 4, ...record }, version, uid);
}

export const free = lease({ holder: "", durationSeconds: 1, markedBy: null }, "9");

/** Steps through the events, each at its time; the last state with the effects of the last step. */
export function play(state: State, ...events: readonly (readonly [Millis, Event])[]): [State, readonly Effect[]] {
  let effects: readonly Effect[] = [];
  for (const [at, event] of events) [state, effects] = step(state, event, turn(at));
  return [state, effects];
}

export type Step = readonly [Millis, Event];

/** The same for a new candidate with this job. */
export function playJob(job: Partial<Job>, ...steps: readonly Step[]): [State, readonly Effect[]] {
  const at = (time: Millis): Turn => turn(time, { me: { ...me, job: { ...service, ...job } } });
  let [state, effects]: readonly [State, readonly Effect[]] = step(initial(at(0)), tick, at(0));
  for (const [time, event] of steps) [state, effects] = step(state, event, at(time));
  return [state, effects];
}

export function kinds(effects: readonly Effect[]): string[] {
  return effects.map((effect) => (effect.kind === "report" ? `report ${effect.report.kind}` : effect.kind));
}

export function only<K extends Effect["kind"]>(effects: readonly Effect[], kind: K): Effect & { kind: K } {
  const found = effects.filter((effect): effect is Effect & { kind: K } => effect.kind === kind);
  assert.equal(found.length, 1, `one ${kind} in ${JSON.stringify(effects)}`);
  return found[0] as Effect & { kind: K };
}

/** Asserts the phase and narrows to it. */
export function inPhase<P extends State["phase"]>(state: State, phase: P): State & { phase: P } {
  assert.equal(state.phase, phase);
  return state as State & { phase: P };
}

const tick: Event = { kind: "tick" };
const found = (id: number, stored: StoredLease): Event => ({
  kind: "read",
  id,
  result: { kind: "found", lease: stored },
});
const stored = (id: number, written: StoredLease): Event => ({
  kind: "written",
  id,
  result: { kind: "stored", lease: written },
});

/** A first read is under way (id 1). */
export const looking = (): Standby => inPhase(play(initial(turn(0)), [0, tick])[0], "standby");
/** `other` holds the Lease, first seen at 5. */
export const waiting = (): Standby => inPhase(play(looking(), [5, found(1, lease())])[0], "standby");
/** The Lease was free; an acquiring write is under way (id 2, sent at 5). */
export const acquiring = (): Standby => inPhase(play(looking(), [5, found(1, free)])[0], "standby");
/** Acquired by the write sent at 5, the command being started. */
export const starting = (): Leading => inPhase(play(acquiring(), [8, stored(2, mine())])[0], "leading");
/** The command runs. term is 10 005, kill is 13 355, expiry 14 855. */
export const running = (): Leading =>
  inPhase(play(starting(), [12, { kind: "command-started", pid: 77 }])[0], "leading");
/** A renewal is under way (id 3, sent at 2 005). */
export const renewing = (): Leading => inPhase(play(running(), [2_005, tick])[0], "leading");
/** The acknowledgement came so late that the Lease has to be renewed before the command starts. */
export const late = (): Leading => inPhase(play(acquiring(), [9_000, stored(2, mine())])[0], "leading");
/** Asked to stop at 1 000; the command has its grace. */
export const asked = (): Stopping =>
  inPhase(play(running(), [1_000, { kind: "signal", signal: sigterm }])[0], "stopping");
/** No renewal in time: stop signal sent at 10 005. */
export const lost = (): Stopping => inPhase(play(running(), [10_005, tick])[0], "stopping");
/** The command exited with 3 at 1 000; its release is under way (id 3). */
export const releasing = (): Releasing =>
  inPhase(
    play(
      running(),
      [1_000, { kind: "command-ended", end: { kind: "exited", code: 3 } }],
      [1_001, { kind: "tree-gone" }],
    )[0],
    "releasing",
  );
export const finished = (): State => ({ phase: "finished" });
