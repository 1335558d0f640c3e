/**
 * The rules for `--schedule`, from outside alone: a tick runs once at most, not before its time on the machine that runs it, and not
 * before it is on the Lease; and whatever becomes of a tick is counted.
 */
import type { StoredLease } from "../../src/core/lease.ts";
import type { Passed } from "../../src/core/schedule.ts";
import { parseTime } from "../../src/core/time-of-day.ts";
import type { Millis, Report } from "../../src/core/types.ts";
import type { Agenda } from "./agenda.ts";
import { Violation } from "./judge.ts";
import type { SimSchedule } from "./schedule.ts";
import { serverEpoch } from "./sim-api.ts";
import type { SimCandidate } from "./sim-candidate.ts";

/** What became of the ticks of one simulation, by true time. */
export interface TickFigures {
  due: number;
  run: number;
  late: number;
  overlap: number;
  unrecorded: number;
  missed: number;
  /** Recorded, but its leader crashed, was stopped, or lost the Lease before its command was started. */
  lost: number;
  /** Before the first leader, in the last moments, or while a last tick of a clock that was ahead holds. */
  untold: number;
}

export class ScheduleJudge {
  readonly #agenda: Agenda;
  readonly #runs = new Map<Millis, string>();
  readonly #told = new Map<Millis, "overlap" | "unrecorded" | "missed">();
  readonly #recorded = new Set<Millis>();
  #late = 0;
  #onLease: Millis = -Infinity;

  constructor(agenda: Agenda) {
    this.#agenda = agenda;
  }

  changed(after: StoredLease | null): void {
    const tick = parseTime(after?.record.lastTick ?? "");
    if (tick === null) return;
    this.#onLease = tick;
    this.#recorded.add(tick);
  }

  started(owner: SimCandidate, tick: Millis): void {
    const { identity } = owner.me;
    const before = this.#runs.get(tick);
    if (before !== undefined) throw new Violation(`the tick ${tick} ran twice: by ${before}, then by ${identity}`);
    if (this.#onLease < tick) throw new Violation(`${identity} started the tick ${tick} before it was on the Lease`);
    this.#runs.set(tick, identity);
    if (serverEpoch + this.#agenda.now - tick > 1_500) this.#late++;
  }

  reported(report: Report, { period }: SimSchedule): void {
    if (report.kind === "ticks-missed") this.#pass(report.passed, "missed", period);
    if (report.kind === "ticks-skipped")
      this.#pass(report.passed, report.why === "running" ? "overlap" : "unrecorded", period);
  }

  /** Adds what became of each tick up to now. */
  count({ period }: SimSchedule, figures: TickFigures): void {
    const end = serverEpoch + this.#agenda.now;
    figures.late += this.#late;
    for (let tick = (Math.floor(serverEpoch / period) + 1) * period; tick <= end; tick += period) {
      figures.due++;
      if (this.#runs.has(tick)) figures.run++;
      else figures[this.#told.get(tick) ?? (this.#recorded.has(tick) ? "lost" : "untold")]++;
    }
  }

  #pass({ count, last }: Passed, why: "overlap" | "unrecorded" | "missed", period: Millis): void {
    for (let back = 0; back < count; back++) this.#told.set(last - back * period, why);
  }
}
