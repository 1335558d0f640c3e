/**
 * The API server: one Lease, linearizable, compare-and-swap on uid and resourceVersion, with the history that watches and
 * stale reads are served from. Foreign hands may change it too.
 */
import type { LeaseRecord, ReadResult, StoredLease, Write, WriteResult } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import type { Agenda } from "./agenda.ts";
import type { Dice } from "./dice.ts";

/** One state of the Lease, from `at` on; `lease` null: missing. */
export interface Change {
  readonly at: Millis;
  readonly revision: number;
  readonly lease: StoredLease | null;
}

/** Is told every change before watchers hear of it. `by`: an identity, or null for a hand. */
export type Witness = (before: StoredLease | null, after: StoredLease | null, by: string | null) => void;

const kept = 60;
/** The server's time of day at the beginning. */
export const serverEpoch = 1_767_225_600_000;

export class SimApi {
  lease: StoredLease | null = null;
  readonly #agenda: Agenda;
  readonly #dice: Dice;
  readonly #witness: Witness;
  readonly #subscribers = new Set<(change: Change) => void>();
  #history: Change[] = [{ at: 0, revision: 90, lease: null }];
  #uids = 0;

  constructor(agenda: Agenda, dice: Dice, witness: Witness) {
    this.#agenda = agenda;
    this.#dice = dice;
    this.#witness = witness;
  }

  read(): ReadResult {
    return this.#resultOf(this.lease);
  }

  /** What a server that lags behind by this much would answer. */
  readAsOf(time: Millis): ReadResult {
    const state = this.#history.findLast(({ at }) => at <= time) ?? this.#history[0];
    return this.#resultOf(state?.lease ?? null);
  }

  /** A replace whose Lease is gone gets 409 because of its uid, or 404. */
  write({ base, record }: Write, by: string): WriteResult {
    const { lease } = this;
    if (base === null) {
      if (lease !== null) return { kind: "conflict" };
      return { kind: "stored", lease: this.#create(record, by), serverTime: this.#date() };
    }
    if (lease === null) return this.#dice.chance(0.5) ? { kind: "missing" } : { kind: "conflict" };
    if (lease.uid !== base.uid || lease.version !== base.version) return { kind: "conflict" };
    if (
      fingerprintOf(record) === lease.fingerprint &&
      JSON.stringify(record.coordination) === JSON.stringify(lease.record.coordination) &&
      record.markedBy === lease.record.markedBy &&
      record.holdUntil === lease.record.holdUntil &&
      record.done === lease.record.done &&
      record.lastTick === lease.record.lastTick
    )
      return { kind: "stored", lease, serverTime: this.#date() };
    return { kind: "stored", lease: this.#store(record, lease.uid, by), serverTime: this.#date() };
  }

  /** Somebody lays this over the Lease by hand, or edits an annotation (`{}`). */
  edit(change: Partial<LeaseRecord>): void {
    if (this.lease !== null) this.#store({ ...this.lease.record, ...change }, this.lease.uid, null);
  }

  create(record: LeaseRecord): void {
    this.#create(record, null);
  }

  delete(): void {
    if (this.lease !== null) this.#change(null, null);
  }

  /** All changes after `since`; null when they are not known any more (410). */
  changesAfter(since: string): readonly Change[] | null {
    const known = Number(since);
    const first = this.#history[0] as Change;
    if (known < first.revision) return null;
    return this.#history.filter(({ revision }) => revision > known);
  }

  /** Old changes are forgotten: a watch from there on gets 410. */
  compact(): void {
    this.#history = this.#history.slice(-1);
  }

  subscribe(subscriber: (change: Change) => void): () => void {
    this.#subscribers.add(subscriber);
    return () => this.#subscribers.delete(subscriber);
  }

  #create(record: LeaseRecord, by: string | null): StoredLease {
    return this.#store(record, `uid-${++this.#uids}`, by);
  }

  #store(record: LeaseRecord, uid: string, by: string | null): StoredLease {
    const whole = { ...record, acquireTime: inMillis(record.acquireTime), renewTime: inMillis(record.renewTime) };
    const lease: StoredLease = {
      record: whole,
      version: String(this.#nextRevision()),
      uid,
      fingerprint: fingerprintOf(record),
      object: null,
    };
    this.#change(lease, by);
    return lease;
  }

  #change(lease: StoredLease | null, by: string | null): void {
    const before = this.lease;
    this.lease = lease;
    const revision = lease === null ? this.#nextRevision() : Number(lease.version);
    const change = { at: this.#agenda.now, revision, lease };
    this.#history.push(change);
    if (this.#history.length > 2 * kept) this.#history = this.#history.slice(-kept);
    this.#witness(before, lease, by);
    for (const subscriber of this.#subscribers) subscriber(change);
  }

  #resultOf(lease: StoredLease | null): ReadResult {
    return lease === null ? { kind: "missing" } : { kind: "found", lease, serverTime: this.#date() };
  }

  /** As HTTP tells it: without fractions. */
  #date(): Millis {
    return Math.floor((serverEpoch + this.#agenda.now) / 1000) * 1000;
  }

  /** etcd counts the changes of all objects. */
  #nextRevision(): number {
    return (this.#history.at(-1)?.revision ?? 0) + 1 + this.#dice.below(3);
  }
}

/** Times travel with milliseconds and no finer. */
function inMillis(time: Millis | null): Millis | null {
  return time === null ? null : Math.floor(time);
}

function fingerprintOf(record: LeaseRecord): string {
  const { holder, durationSeconds, acquireTime, renewTime, transitions } = record;
  return `${holder}|${durationSeconds}|${inMillis(acquireTime)}|${inMillis(renewTime)}|${transitions}`;
}
