/**
 * A client-go elector that contends too (client-go tools/leaderelection): it polls, judges expiry from when it saw the record
 * change at whole seconds, and runs its own work until its renew deadline has passed. It has no guard, and what it runs is not
 * judged: what must hold is that it never takes the Lease while a command of ours lives.
 *
 * With a version it lets the server elect: it takes nothing by itself, renews what names it, and when another one is preferred lets its
 * deadline pass, and releases at times. Then it is another process, with another LeaseCandidate.
 */
import type { LeaseRecord, ReadResult, StoredLease, StoreFailure, WriteResult } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import { foreignCandidacy } from "./foreign-candidacy.ts";
import { Link } from "./link.ts";
import type { ForeignSetup } from "./scenario.ts";
import type { Sim } from "./sim.ts";

const jitter = 1.2;

export class ForeignElector {
  readonly link: Link;
  readonly #sim: Sim;
  readonly #times: ForeignSetup;
  #terms = 0;
  #observed = "";
  #observedAt: Millis = 0;
  /** The Lease as it has it by its own last write. */
  #held: StoredLease | null = null;
  #renewedAt: Millis = 0;
  #stopped = false;
  #endCandidacy: () => void = () => undefined;

  constructor(sim: Sim, times: ForeignSetup) {
    this.#sim = sim;
    this.#times = times;
    this.link = new Link(sim, 3);
    this.#renew();
    sim.agenda.after(sim.dice.between(0, 5_000), () => this.#attempt());
  }

  stop(): void {
    this.#stopped = true;
    this.#endCandidacy();
  }

  #me(): string {
    return `client-go-${this.#terms}`;
  }

  /** A process of another name. */
  #renew(): void {
    const { version } = this.#times;
    this.#held = null;
    this.#terms++;
    this.#endCandidacy();
    if (version !== null) this.#endCandidacy = foreignCandidacy(this.#sim, this.link, this.#me(), version);
  }

  #attempt(): void {
    if (this.#stopped) return;
    const { agenda, dice } = this.#sim;
    if (this.#held !== null && agenda.now > this.#renewedAt + this.#times.deadline) {
      if (this.#times.version !== null && dice.chance(0.5)) this.#release(this.#held);
      this.#renew();
    }
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      const { retry } = this.#times;
      const pause = this.#held === null ? retry * (1 + jitter * this.#sim.dice.next()) : retry;
      agenda.after(pause, () => this.#attempt());
    };
    agenda.after(this.#times.deadline / 2, end);
    this.link.ask<ReadResult>(
      () => this.#sim.api.read(),
      (result) => {
        if (!over) this.#look(result, end);
      },
    );
  }

  #look(result: ReadResult | StoreFailure, end: () => void): void {
    const { now } = this.#sim.agenda;
    const elects = this.#times.version !== null;
    if (result.kind === "failed") {
      end();
    } else if (result.kind === "missing") {
      if (elects) end();
      else this.#write(null, end);
    } else {
      const { record } = result.lease;
      const seen = asSeen(record);
      if (seen !== this.#observed) {
        this.#observed = seen;
        this.#observedAt = now;
      }
      const isOurs = record.holder === this.#me();
      const valid = this.#observedAt + (record.durationSeconds ?? 0) * 1000 > now;
      const isAsked = (record.coordination?.preferredHolder ?? null) !== null;
      if (elects ? !isOurs : record.holder !== "" && !isOurs && valid) {
        this.#held = null;
        end();
      } else if (elects && (!valid || (this.#held !== null && isAsked))) end();
      else this.#write(result.lease, end);
    }
  }

  #write(base: StoredLease | null, end: () => void): void {
    const { agenda } = this.#sim;
    const time = 1_767_225_600_000 + agenda.now;
    const before = base?.record;
    const own = before?.holder === this.#me();
    const sentAt = agenda.now;
    const kept = this.#times.version === null ? null : (before?.coordination ?? null); // a plain one writes the whole spec anew
    const record: LeaseRecord = {
      ...annotationsOf(before),
      holder: this.#me(),
      durationSeconds: this.#times.duration / 1000,
      acquireTime: own ? (before.acquireTime ?? time) : time,
      renewTime: time,
      transitions: before === undefined ? 0 : own ? before.transitions : before.transitions + 1,
      coordination: kept === null ? null : { ...kept, preferredHolder: null },
    };
    this.#send(base, record, (result) => {
      if (result.kind === "stored" && record.holder === this.#me()) {
        this.#held = result.lease;
        this.#renewedAt = sentAt;
      }
      end();
    });
  }

  #release(base: StoredLease): void {
    const time = 1_767_225_600_000 + this.#sim.agenda.now;
    const { transitions } = base.record;
    const released = { holder: "", durationSeconds: 1, acquireTime: time, renewTime: time, transitions };
    this.#send(base, { ...annotationsOf(base.record), ...released, coordination: null }, () => undefined);
  }

  #send(base: StoredLease | null, record: LeaseRecord, answered: (result: WriteResult) => void): void {
    const { api, judge } = this.#sim;
    const me = this.#me();
    this.link.ask<WriteResult>(() => {
      judge.foreignWriteArrives();
      return api.write({ base, record }, me);
    }, answered);
  }
}

/** Annotations that it does not know stay as they are. */
function annotationsOf(before: LeaseRecord | undefined) {
  return {
    markedBy: before?.markedBy ?? null,
    holdUntil: before?.holdUntil ?? null,
    done: before?.done ?? null,
    lastTick: before?.lastTick ?? null,
    stepDown: before?.stepDown ?? null,
  };
}

function asSeen({ holder, durationSeconds, acquireTime, renewTime, transitions }: LeaseRecord): string {
  const seconds = (time: Millis | null): number => Math.floor((time ?? 0) / 1000);
  return [holder, durationSeconds, seconds(acquireTime), seconds(renewTime), transitions].join("|");
}
