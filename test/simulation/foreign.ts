/**
 * A client-go elector that contends too (client-go tools/leaderelection): it polls, judges expiry from when it saw the record
 * change at whole seconds, and runs its own work until its renew deadline has passed. It has no guard, and what it runs is not
 * judged: what must hold is that it never takes the Lease while a command of ours lives.
 */
import type { LeaseRecord, ReadResult, StoredLease, StoreFailure, WriteResult } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import { Link } from "./link.ts";
import type { Sim } from "./sim.ts";

const jitter = 1.2;

export class ForeignElector {
  readonly link: Link;
  readonly #sim: Sim;
  readonly #times: { readonly duration: Millis; readonly deadline: Millis; readonly retry: Millis };
  #terms = 1;
  #observed = "";
  #observedAt: Millis = 0;
  #leads = false;
  #renewedAt: Millis = 0;
  #stopped = false;

  constructor(sim: Sim, times: { duration: Millis; deadline: Millis; retry: Millis }) {
    this.#sim = sim;
    this.#times = times;
    this.link = new Link(sim, 3);
    sim.agenda.after(sim.dice.between(0, 5_000), () => this.#attempt());
  }

  stop(): void {
    this.#stopped = true;
  }

  #me(): string {
    return `client-go-${this.#terms}`;
  }

  #attempt(): void {
    if (this.#stopped) return;
    const { agenda } = this.#sim;
    if (this.#leads && agenda.now > this.#renewedAt + this.#times.deadline) {
      this.#leads = false;
      this.#terms++;
    }
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      const { retry } = this.#times;
      agenda.after(this.#leads ? retry : retry * (1 + jitter * this.#sim.dice.next()), () => this.#attempt());
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
    if (result.kind === "failed") {
      end();
    } else if (result.kind === "missing") {
      this.#write(null, end);
    } else {
      const { record } = result.lease;
      const seen = asSeen(record);
      if (seen !== this.#observed) {
        this.#observed = seen;
        this.#observedAt = now;
      }
      const valid = this.#observedAt + (record.durationSeconds ?? 0) * 1000 > now;
      if (record.holder !== "" && record.holder !== this.#me() && valid) {
        this.#leads = false;
        end();
      } else this.#write(result.lease, end);
    }
  }

  #write(base: StoredLease | null, end: () => void): void {
    const { api, agenda, judge } = this.#sim;
    const time = 1_767_225_600_000 + agenda.now;
    const before = base?.record;
    const own = before?.holder === this.#me();
    const record: LeaseRecord = {
      holder: this.#me(),
      durationSeconds: this.#times.duration / 1000,
      acquireTime: own ? before.acquireTime : time,
      renewTime: time,
      transitions: before === undefined ? 0 : own ? before.transitions : before.transitions + 1,
      // Annotations that it does not know stay as they are.
      coordination: null, // it writes the whole spec anew
      markedBy: before?.markedBy ?? null,
      holdUntil: before?.holdUntil ?? null,
      done: before?.done ?? null,
      lastTick: before?.lastTick ?? null,
      stepDown: before?.stepDown ?? null,
    };
    const sentAt = agenda.now;
    this.link.ask<WriteResult>(
      () => {
        judge.foreignWriteArrives();
        return api.write({ base, record }, this.#me());
      },
      (result) => {
        if (result.kind === "stored") {
          this.#leads = true;
          this.#renewedAt = sentAt;
        }
        end();
      },
    );
  }
}

function asSeen({ holder, durationSeconds, acquireTime, renewTime, transitions }: LeaseRecord): string {
  const seconds = (time: Millis | null): number => Math.floor((time ?? 0) / 1000);
  return [holder, durationSeconds, seconds(acquireTime), seconds(renewTime), transitions].join("|");
}
