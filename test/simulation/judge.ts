/**
 * The judge sees true time, every change of the Lease and every tree, and knows the invariants of FAULTS.md. What a hand did to
 * the Lease is the operator's doing, and disputes the term it hit until its holder has written again; see `excused`.
 */
import type { LeaseRecord, StoredLease, Write, WriteResult } from "../../src/core/lease.ts";
import { seenByOthers } from "../../src/core/renewal-record.ts";
import type { Effect, Event, Millis, Outcome, SignalName } from "../../src/core/types.ts";
import type { Agenda } from "./agenda.ts";
import { Insider } from "./insider.ts";
import { pauseAsked, pauseKept, runBegins, waitBegins } from "./judge-jobs.ts";
import { OnceJudge, type OnceFigures } from "./judge-once.ts";
import { ScheduleJudge, type TickFigures } from "./judge-schedule.ts";
import type { Scenario } from "./scenario.ts";
import type { SimCandidate } from "./sim-candidate.ts";

export class Violation extends Error {
  override readonly name = "Violation";
}

export type HandKind = "delete" | "recreate" | "clear" | "overwrite" | "shorten" | "postdate";

/** What is known about one holder's time. */
interface Term {
  readonly holder: string;
  readonly since: Millis;
  /** Last change that a leader-exec sees, and last one that client-go sees too. */
  lastAt: Millis;
  record: LeaseRecord;
  countedAt: Millis;
  duration: Millis;
  disputedAt: Map<HandKind, Millis>;
  /** A hand's doing let somebody else have it: what others make of it then is not their fault. */
  taken: boolean;
  readonly uid: string;
  /** Who leads by it, and when the create that made it so was sent (null: it was a replace). */
  readonly candidate: SimCandidate | null;
  readonly createSentAt: Millis | null;
}

export interface Figures {
  starts: number;
  takeovers: number;
  excused: number;
  /** Smallest span from a tree's end to the first instant at which a standby could have led. */
  margin: Millis;
  mostRequests: number;
  recovery: Millis;
  /** How jobs ended that did not run, or ran for too long. */
  refused: number;
  overruns: number;
  pauses: number;
  steppedDown: number;
  readonly once: OnceFigures;
  readonly ticks: TickFigures;
}

/** The fastest clock of another candidate, seen from true time. */
const fastest = 1.005;
/** In one second; a conflict storm on a fast network is the worst. */
const requestLimit = 30;

export class Judge {
  readonly figures: Figures = {
    starts: 0,
    takeovers: 0,
    excused: 0,
    margin: Infinity,
    mostRequests: 0,
    recovery: 0,
    refused: 0,
    overruns: 0,
    pauses: 0,
    steppedDown: 0,
    ticks: { due: 0, run: 0, late: 0, overlap: 0, unrecorded: 0, missed: 0, lost: 0, untold: 0 },
    once: { recorded: 0, spared: 0, unrecorded: 0, refused: 0, again: 0 },
  };
  readonly once: OnceJudge;
  readonly schedule: ScheduleJudge;
  readonly #agenda: Agenda;
  readonly #insider: Insider | null;
  readonly #alive = new Set<SimCandidate>();
  readonly #terms = new Map<string, Term>();
  /** When a candidate heard of a Lease first, by its uid. */
  readonly #sawAt = new Map<SimCandidate, Map<string, Millis>>();
  readonly #requests = new Map<SimCandidate, { second: number; count: number }>();
  /** Who stepped down does not contend before this. */
  readonly #resting = new Map<string, Millis>();
  #live: Term | null = null;
  #lastToken = 0;
  #writer: { candidate: SimCandidate; createSentAt: Millis | null } | null = null;

  /** `insight`: also check what is only seen inside a candidate: on what a start follows, and which deadlines are told. */
  constructor(agenda: Agenda, insight: boolean) {
    this.#agenda = agenda;
    this.#insider = insight ? new Insider() : null;
    this.once = new OnceJudge(agenda, this.figures.once);
    this.schedule = new ScheduleJudge(agenda);
  }

  /** How many commands live now. */
  get living(): number {
    return this.#alive.size;
  }

  holder(): SimCandidate | undefined {
    return this.#alive.values().next().value;
  }

  stepped(candidate: SimCandidate, event: Event, effects: readonly Effect[], at: Millis): void {
    const told =
      event.kind === "watched" ? event : event.kind === "read" || event.kind === "written" ? event.result : null;
    if (told !== null && "lease" in told) {
      const uids = this.#sawAt.get(candidate) ?? new Map<string, Millis>();
      this.#sawAt.set(candidate, uids);
      if (!uids.has(told.lease.uid)) uids.set(told.lease.uid, this.#agenda.now);
    }
    this.#insider?.stepped(candidate, event, effects, at);
  }

  writeSent(candidate: SimCandidate, id: number, write: Write, at: Millis): void {
    this.#insider?.writeSent(candidate, id, at);
    const { identity } = candidate.me;
    // What counts is when it asks: a renewal of before may arrive while it rests.
    if (write.record.holder === identity && this.#agenda.now < (this.#resting.get(identity) ?? -1))
      throw new Violation(`${identity} contended within one lease duration after it had stepped down`);
    if (write.base === null) candidate.creates.set(id, this.#agenda.now);
  }

  writeAnswered(candidate: SimCandidate, id: number, result: WriteResult, late: boolean): void {
    this.#insider?.writeAnswered(candidate, id, result, late);
  }

  writeArrives(candidate: SimCandidate, id: number): void {
    this.#writer = { candidate, createSentAt: candidate.creates.get(id) ?? null };
  }

  foreignWriteArrives(): void {
    this.#writer = null;
  }

  requested(candidate: SimCandidate): void {
    const second = Math.floor(this.#agenda.now / 1000);
    const known = this.#requests.get(candidate);
    const count = known?.second === second ? known.count + 1 : 1;
    this.#requests.set(candidate, { second, count });
    this.figures.mostRequests = Math.max(this.figures.mostRequests, count);
    if (count > requestLimit)
      throw new Violation(
        `${candidate.me.identity} sent ${count} requests within a second while ${candidate.state.phase}`,
      );
  }

  /** A hand is about to do this to the Lease. */
  hand(kind: HandKind, lease: StoredLease): void {
    const hit = new Set([lease.record.holder, this.#live?.holder, ...[...this.#alive].map(({ me }) => me.identity)]);
    for (const holder of hit) this.#terms.get(holder ?? "")?.disputedAt.set(kind, this.#agenda.now);
    if (kind === "overwrite" || kind === "recreate") this.#live = null;
    if (kind === "clear" && lease.record.markedBy !== lease.record.holder) {
      // Without our mark it is free at once, as for every other elector, whoever it had been taken from.
      this.#live = null;
      for (const holder of hit) this.#take(holder);
    }
  }

  /** The server does not wait for whom a hand took the Lease from: who hears of it from now on cannot know of him. */
  #electedAfterClear(): void {
    for (const { disputedAt } of [...this.#terms.values()])
      if (disputedAt.has("clear") && !disputedAt.has("delete")) disputedAt.set("delete", this.#agenda.now);
  }

  #take(holder: string | undefined): void {
    const term = this.#terms.get(holder ?? "");
    if (term !== undefined && term.disputedAt.size > 0) term.taken = true;
  }

  /** The Lease changed; see SimApi. */
  changed(before: StoredLease | null, after: StoredLease | null, by: string | null): void {
    this.schedule.changed(after);
    this.once.changed(before, after, by === null ? null : (this.#writer?.candidate ?? null));
    if (by === null || after === null) return;
    const { holder } = after.record;
    if (this.#writer !== null) pauseKept(this.#agenda, before, after, by);
    if (holder === "" && after.record.holdUntil !== null) this.figures.pauses++;
    for (const owner of this.#alive) {
      if (holder === owner.me.identity) continue;
      if (by === owner.me.identity) throw new Violation(`${by} released the Lease while its tree lived`);
      const term = this.#terms.get(owner.me.identity);
      // A plain holder does not count with the server's clock: whom it names has to wait.
      if (by === "server" && term?.record.coordination === null) continue;
      if (!this.#excused(term))
        throw new Violation(`${by} wrote itself into the Lease while the tree of ${owner.me.identity} lived`);
      if (term !== undefined && by !== "server") term.taken = true;
    }
    if (by === "server") this.#electedAfterClear();
    // Who is named by the server has confirmed nothing yet.
    if (by === "server") this.#live = holder === this.#live?.holder ? this.#live : null;
    else if (holder === "") {
      if (this.#live !== null && this.#live.holder !== by && !this.#excused(this.#live))
        throw new Violation(`${by} cleared the Lease of ${this.#live.holder}`);
      const since = this.#terms.get(by)?.since;
      if (this.#writer !== null && since !== undefined) pauseAsked(this.#agenda, since, this.#writer.candidate, after);
      this.#live = null;
    } else this.#held(before?.record, after, by);
  }

  treeStarted(owner: SimCandidate, lease: StoredLease): void {
    const { identity } = owner.me;
    if (this.#alive.has(owner)) throw new Violation(`two commands of ${identity} at once`);
    for (const other of this.#alive) {
      const [one, two] = [this.#terms.get(other.me.identity), this.#terms.get(identity)];
      if (!this.#excusedFor(one, two) && !this.#excusedFor(two, one))
        throw new Violation(`two commands: ${identity} started its own while that of ${other.me.identity} lived`);
      this.figures.excused++;
    }
    const token = Number(lease.version);
    const alone = this.#alive.size === 0;
    // Before the command ran, a hand let somebody else have the Lease, who is excused; then so is the order of the two.
    const disputed = (this.#terms.get(identity)?.disputedAt.size ?? 0) > 0;
    if (alone && token <= this.#lastToken && !disputed)
      throw new Violation(`fencing token ${token} of ${identity} after ${this.#lastToken}`);
    this.#lastToken = token;
    this.#alive.add(owner);
    if (!disputed) this.once.treeStarted(owner);
    const { command } = owner;
    runBegins(this.#agenda, owner, () => this.#alive.has(owner) && owner.command === command);
    this.figures.starts++;
  }

  treeGone(owner: SimCandidate): void {
    if (!this.#alive.has(owner)) return;
    const term = this.#young(owner);
    this.#alive.delete(owner);
    if (term === undefined) return;
    this.figures.margin = Math.min(this.figures.margin, term.countedAt + term.duration / fastest - this.#agenda.now);
  }

  begins(candidate: SimCandidate, scenario: Scenario): void {
    const { machines, calmFrom } = scenario;
    this.once.begins(candidate, scenario);
    waitBegins(this.#agenda, candidate, calmFrom, Math.max(...machines.map(({ timing }) => timing.leaseDuration)));
  }

  /** As it says itself: its release may still be on its way. */
  steppedDown({ me }: SimCandidate): void {
    this.figures.steppedDown++;
    this.#resting.set(me.identity, this.#agenda.now + me.timing.leaseDuration / fastest);
    if (this.#live?.holder !== me.identity) this.#terms.delete(me.identity); // its next one is another one
  }

  finished(candidate: SimCandidate, outcome: Outcome): void {
    this.once.finished(candidate, outcome);
    if (outcome.kind === "not-acquired") this.figures.refused++;
    if (outcome.kind === "overrun") this.figures.overruns++;
    if (this.#alive.has(candidate)) throw new Violation(`${candidate.me.identity} ended before its tree`);
  }

  /** A process that was asked to stop ends: grace, killing, release. */
  signalled(candidate: SimCandidate, { name }: SignalName): void {
    if (name !== "SIGTERM" && name !== "SIGINT") return;
    const { terminationGracePeriod, renewDeadline } = candidate.me.timing;
    const limit = 1.01 * (terminationGracePeriod + renewDeadline / 3) + 2_500 + 4_000;
    const check = (): void => {
      if (candidate.over) return;
      const since = this.#agenda.now - limit;
      if (candidate.frozenUntil < since) throw new Violation(`${candidate.me.identity} did not end after ${name}`);
      this.#agenda.at(candidate.frozenUntil + limit + 1, check);
    };
    this.#agenda.after(limit, check);
  }

  /** No tree outlives its lease: the last write of its holder's that others have seen is younger than the duration. */
  #young(owner: SimCandidate): Term | undefined {
    const term = this.#terms.get(owner.me.identity);
    if (term === undefined) return undefined;
    const age = this.#agenda.now - term.countedAt;
    if (age > term.duration) {
      const late = `${Math.round(age - term.duration)} ms after its lease had expired`;
      throw new Violation(`the tree of ${owner.me.identity} lived ${late}`);
    }
    return term;
  }

  #held(before: LeaseRecord | undefined, { record: after, uid }: StoredLease, by: string): void {
    const { now } = this.#agenda;
    const live = this.#live;
    const known = this.#terms.get(by);
    if (live !== null && live.holder !== by) {
      // client-go does not see smaller changes than whole seconds, and its clock is the true one here.
      const waited = now - (this.#writer === null ? live.countedAt : live.lastAt);
      const again = known !== undefined && known.disputedAt.size > 0 && live.holder.startsWith("client-go");
      if (waited < live.duration / fastest - 1 && !again && !this.#excused(live))
        throw new Violation(`${by} took a live Lease, ${Math.round(waited)} ms after ${live.holder} had written`);
      this.figures.takeovers++;
    }
    for (const owner of this.#alive) if (owner.me.identity === by) this.#young(owner);
    // Who did not look while the Lease was deleted sees no change either.
    const counted = known === undefined || seenByOthers(before ?? known.record, after);
    this.#live = {
      holder: by,
      since: known?.since ?? now,
      lastAt: now,
      record: after,
      countedAt: counted ? now : known.countedAt,
      duration: (after.durationSeconds ?? 0) * 1000,
      disputedAt: new Map(),
      taken: false,
      uid,
      candidate: this.#writer?.candidate ?? null,
      createSentAt: live?.holder === by ? live.createSentAt : (this.#writer?.createSentAt ?? null),
    };
    this.#terms.set(by, this.#live);
  }

  /** May the one who writes now lead beside the holder of this term? */
  #excused(term: Term | undefined): boolean {
    if (term === undefined || term.disputedAt.size === 0) return false;
    return this.#writer === null || this.#excuses(term, this.#writer);
  }

  #excusedFor(older: Term | undefined, newer: Term | undefined): boolean {
    if (older === undefined || newer === undefined) return false;
    return newer.candidate === null || this.#excuses(older, { ...newer, candidate: newer.candidate });
  }

  /**
   * What a hand did excuses another command beside that of the holder:
   * - the duration in the record was shortened by hand: who comes then believes it;
   * - the Lease was deleted, and somebody created it who had not heard of it yet, or had sent his create before.
   * Whoever had heard of the Lease has to wait, whatever hands do.
   */
  #excuses(term: Term, { candidate, createSentAt }: { candidate: SimCandidate; createSentAt: Millis | null }): boolean {
    const hands = term.disputedAt;
    if (term.taken || hands.has("shorten")) return true;
    const deletedAt = Math.max(hands.get("delete") ?? -1, hands.get("recreate") ?? -1);
    if (deletedAt < 0) return false;
    const heardAt = this.#sawAt.get(candidate)?.get(term.uid) ?? this.#agenda.now;
    return heardAt >= deletedAt || (createSentAt !== null && (createSentAt <= deletedAt || createSentAt <= heardAt));
  }
}
