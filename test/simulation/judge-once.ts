/**
 * The rules for `--once`, from outside alone: a key is recorded by whoever's command has succeeded and by nobody else, nothing that is
 * recorded is dropped or run again, nobody ends with 0 without a record, and where there is one everybody does.
 */
import type { Done, DoneKey, StoredLease } from "../../src/core/lease.ts";
import { closing } from "../../src/core/outcome.ts";
import type { Millis, Outcome } from "../../src/core/types.ts";
import type { Agenda } from "./agenda.ts";
import { Violation } from "./judge.ts";
import type { Scenario } from "./scenario.ts";
import { serverEpoch } from "./sim-api.ts";
import type { SimCandidate } from "./sim-candidate.ts";

type Keys = ReadonlyMap<string, DoneKey>;
const none: Keys = new Map();

export interface OnceFigures {
  recorded: number;
  spared: number;
  unrecorded: number;
  refused: number;
  /** Run although it had succeeded: not recorded, forgotten, or deleted. */
  again: number;
}

export class OnceJudge {
  readonly #agenda: Agenda;
  readonly #figures: OnceFigures;
  #lease: StoredLease | null = null;
  /** The record that the holder of a deleted Lease had written there. */
  #deleted: { readonly holder: string; readonly keys: Keys } = { holder: "", keys: none };
  /** What the last write of a leader-exec left. */
  #written: Keys = none;
  /** Until when each key was recorded, at the latest. */
  readonly #ever = new Map<string, Millis>();
  readonly #entries = new Set<string>();
  readonly #succeeded = new Set<string>();
  readonly #begun = new Map<SimCandidate, Millis>();

  constructor(agenda: Agenda, figures: OnceFigures) {
    this.#agenda = agenda;
    this.#figures = figures;
  }

  get #time(): Millis {
    return serverEpoch + this.#agenda.now;
  }

  /** @param writer null: a hand, or another elector */
  changed(before: StoredLease | null, after: StoredLease | null, writer: SimCandidate | null): void {
    this.#lease = after;
    if (after === null) {
      const holder = before?.record.holder ?? "";
      this.#deleted = { holder, keys: this.#written };
      return;
    }
    if (writer !== null) this.#judge(before, after, writer);
    for (const [hash, { until }] of keysOf(after.record.done)) {
      this.#entries.add(`${hash} ${until}`);
      this.#ever.set(hash, Math.max(until, this.#ever.get(hash) ?? 0));
    }
  }

  #judge(before: StoredLease | null, after: StoredLease, writer: SimCandidate): void {
    const [old, now] = [before?.record.done ?? null, after.record.done];
    this.#written = keysOf(now);
    const { identity } = writer.me;
    if (old !== null && old.kind !== "keys" && now !== old)
      throw new Violation(`${identity} wrote over a record that it cannot read`);
    this.#nothingLost(before === null ? this.#owed(identity) : keysOf(old), now, identity);
    this.#nothingInvented(before === null ? null : keysOf(old), keysOf(now), writer);
  }

  treeStarted({ me: { job, identity } }: SimCandidate): void {
    if (job.once === null) return;
    const known = keysOf(this.#lease?.record.done ?? null).get(job.once.hash);
    if (known !== undefined && known.until > this.#time)
      throw new Violation(`${identity} runs ${job.once.key} again, which is recorded as done`);
    if (this.#succeeded.has(job.once.hash)) this.#figures.again++;
  }

  /** Its command ended by itself with 0. */
  succeeded({ me: { job } }: SimCandidate): void {
    if (job.once !== null) this.#succeeded.add(job.once.hash);
  }

  begins(candidate: SimCandidate, { calmFrom, stale }: Scenario): void {
    const { once } = candidate.me.job;
    this.#begun.set(candidate, this.#time);
    if (once === null || this.#agenda.now < calmFrom || stale.share > 0) return;
    if (keysOf(this.#lease?.record.done ?? null).get(once.hash)?.until !== Infinity) return;
    this.#agenda.after(3_000, () => {
      if (!candidate.over) throw new Violation(`${candidate.me.identity} waits although its key is recorded as done`);
    });
  }

  finished(candidate: SimCandidate, outcome: Outcome): void {
    const { once } = candidate.me.job;
    if (once === null) return;
    if (outcome.kind === "recorded") this.#figures.recorded++;
    if (outcome.kind === "done-before") this.#figures.spared++;
    if (outcome.kind === "unrecorded") this.#figures.unrecorded++;
    if (outcome.kind === "once-refused") this.#figures.refused++;
    const { code } = closing(outcome, { lost: 75, conflict: 1, once: true });
    // Date tells no fractions.
    const recently = (this.#begun.get(candidate) ?? 0) - 1_000;
    if (code === 0 && (this.#ever.get(once.hash) ?? 0) <= recently)
      throw new Violation(`${candidate.me.identity} ends with 0, and ${once.key} is not recorded as done`);
  }

  #nothingLost(old: Keys, now: Done | null, by: string): void {
    const kept = keysOf(now);
    for (const [hash, { until }] of old)
      if (!kept.has(hash) && until > this.#time) throw new Violation(`${by} dropped ${hash} from the record`);
  }

  /** @param old null: a Lease is created anew, which may bring back whatever was recorded once */
  #nothingInvented(old: Keys | null, now: Keys, writer: SimCandidate): void {
    const { command, me } = writer;
    for (const [hash, { until }] of now) {
      if (old === null ? this.#entries.has(`${hash} ${until}`) : old.get(hash)?.until === until) continue;
      if (hash !== me.job.once?.hash || !command.succeeded || command.status !== "gone")
        throw new Violation(`${me.identity} recorded ${hash} as done before its command had succeeded`);
    }
  }

  /** What whoever creates the Lease anew must have seen: its holder's own last write. */
  #owed(creator: string): Keys {
    return this.#deleted.holder === creator ? this.#deleted.keys : none;
  }
}

function keysOf(done: Done | null): Keys {
  return done?.kind === "keys" ? done.keys : none;
}
