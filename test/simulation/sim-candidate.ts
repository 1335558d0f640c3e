/**
 * One leader-exec process: the loop of src/run.ts, statement by statement, over a simulated world. Every event is preceded by a
 * tick; a frozen process hears everything later, at once. A request is answered once in time, or times out; the real answer may
 * then still come in (the promise of the store is broken on purpose: the core must not believe an answer of an earlier request).
 */
import type { ReadResult, WriteResult } from "../../src/core/lease.ts";
import { ourselves } from "../../src/core/elector.ts";
import type { State } from "../../src/core/state.ts";
import type { Candidate, Effect, Event, Millis, SignalName, Turn } from "../../src/core/types.ts";
import type { Entry } from "./agenda.ts";
import type { SimWatch } from "./link.ts";
import type { Machine } from "./machine.ts";
import { SimCommand } from "./sim-command.ts";
import { SimCandidacy } from "./sim-candidacy.ts";
import type { Sim } from "./sim.ts";

const tickEvery: Millis = 250;

export class SimCandidate {
  readonly me: Candidate;
  readonly machine: Machine;
  /** With a schedule, that of the last tick; after a step-down, that of the last term. */
  command: SimCommand;
  /** True times at which creates were sent, by the request's id. */
  readonly creates = new Map<number, Millis>();
  state: State;
  over = false;
  frozenUntil: Millis = -1;
  readonly #sim: Sim;
  #inbox: { timer: boolean; action: () => void }[] = [];
  #queue: Event[] = [];
  #stepping = false;
  #wake: Entry | null = null;
  #watch: SimWatch | null = null;
  #candidacy: SimCandidacy | null = null;

  constructor(sim: Sim, machine: Machine, me: Candidate) {
    this.#sim = sim;
    this.machine = machine;
    this.me = me;
    this.command = new SimCommand(sim, this);
    this.state = { phase: "finished" };
  }

  begin(): void {
    this.#sim.trace?.(this.me.identity, "begins");
    const { coordination } = this.machine;
    if (coordination !== null) this.#candidacy = new SimCandidacy(this.#sim, this, coordination);
    this.state = this.#sim.core.initial(this.#turn());
    this.#sim.judge.begins(this, this.#sim.scenario);
    this.#candidacy?.deliver({ kind: "tick" });
    this.deliver({ kind: "tick" });
  }

  /** Something that this process does or hears; when it is frozen, later. */
  whenAwake(action: () => void, timer = false): void {
    if (this.over) return;
    if (this.frozenUntil > this.#sim.agenda.now) this.#inbox.push({ timer, action });
    else action();
  }

  hear(event: Event): void {
    this.whenAwake(() => this.deliver(event));
  }

  signal(signal: SignalName): void {
    if (this.over) return;
    this.#sim.judge.signalled(this, signal);
    this.hear({ kind: "signal", signal });
  }

  freeze(span: Millis): void {
    const { agenda } = this.#sim;
    if (this.over || this.frozenUntil > agenda.now) return;
    this.#sim.trace?.(this.me.identity, `frozen for ${Math.round(span)}`);
    this.frozenUntil = agenda.now + span;
    agenda.after(span, () => this.#thaw());
  }

  /** kill -9: the guard sees to the command. */
  crash(): void {
    if (this.over) return;
    this.#sim.trace?.(this.me.identity, "crashes");
    this.#end();
    this.command.orphaned();
  }

  deliver(event: Event): void {
    this.#queue.push(event);
    if (this.#stepping || this.over) return;
    this.#stepping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      if (next.kind !== "tick" && this.#sim.ticksFirst) this.#take({ kind: "tick" });
      this.#take(next);
    }
    this.#stepping = false;
    this.#sleep();
  }

  #turn(): Turn {
    const { machine, me } = this;
    return {
      at: machine.clock(),
      wall: machine.wall(),
      chance: this.#sim.dice.next(),
      me,
      elector: this.#candidacy?.state.elector ?? ourselves,
    };
  }

  #take(event: Event): void {
    const { judge, core, trace } = this.#sim;
    if (this.over) return;
    const turn = this.#turn();
    const [next, effects] = core.step(this.state, event, turn);
    judge.stepped(this, event, effects, turn.at);
    if (trace !== null && (effects.length > 0 || next.phase !== this.state.phase || event.kind !== "tick"))
      trace(this.me.identity, `${textOf(event)} -> ${next.phase}${effects.map(textOf).join("")}`);
    this.state = next;
    for (const effect of effects) if (effect.kind !== "report") this.#perform(effect);
    for (const effect of effects) if (effect.kind === "report") this.#perform(effect);
  }

  #sleep(): void {
    if (this.over) return;
    const { agenda, core, scenario } = this.#sim;
    if (this.#wake !== null) this.#wake.action = null;
    const due = core.nextWake(this.state, this.#turn()) - this.machine.clock();
    const pause = Math.max(0, scenario.everyTick ? Math.min(due, tickEvery) : due);
    if (pause === Infinity) return;
    const at = agenda.now + pause / this.machine.setup.rate + this.machine.lateness();
    this.#wake = agenda.at(at, () => this.whenAwake(() => this.deliver({ kind: "tick" }), true));
  }

  #thaw(): void {
    if (this.over) return;
    this.#sim.trace?.(this.me.identity, "thaws");
    const inbox = this.#inbox;
    this.#inbox = [];
    if (this.#sim.dice.chance(0.5)) inbox.sort((a, b) => Number(b.timer) - Number(a.timer));
    for (const { action } of inbox) this.whenAwake(action);
  }

  #perform(effect: Effect): void {
    const { api, judge } = this.#sim;
    const { link } = this.machine;
    const { command } = this;
    switch (effect.kind) {
      case "read":
        this.#request<ReadResult>(
          effect.deadline,
          () => link.read(),
          (result) => {
            this.deliver({ kind: "read", id: effect.id, result });
          },
        );
        return;
      case "write":
        judge.writeSent(this, effect.id, effect.write, this.machine.clock());
        this.#request<WriteResult>(
          effect.deadline,
          () => {
            if (!this.machine.mayWrite) return { kind: "failed", reason: "forbidden", message: "HTTP 403" };
            judge.writeArrives(this, effect.id);
            return api.write(effect.write, this.me.identity);
          },
          (result, late) => {
            judge.writeAnswered(this, effect.id, result, late);
            this.deliver({ kind: "written", id: effect.id, result });
          },
        );
        return;
      case "watch":
        judge.requested(this);
        this.#watch?.close();
        this.#watch = link.watch(effect.since, {
          changed: (lease) => this.hear({ kind: "watched", lease }),
          deleted: () => this.hear({ kind: "watched-deletion" }),
          ended: (reason) => this.hear({ kind: "watch-ended", reason }),
        });
        return;
      case "start":
        if (command.status === "gone") this.command = new SimCommand(this.#sim, this);
        if (effect.lease !== null) this.command.start(effect.lease, effect.killAt, effect.tick);
        return;
      case "guard-until":
        if (command.status !== "none") command.guardUntil(effect.killAt);
        return;
      case "forward":
        command.forward(effect.signal, effect.to);
        return;
      case "kill-tree":
        command.killTree();
        return;
      case "candidacy":
        this.#candidacy?.deliver({ kind: "wish", wish: effect.wish });
        return;
      case "report":
        if (effect.report.kind === "stepped-down" && effect.report.span > 0) judge.steppedDown(this);
        if (this.#sim.scenario.schedule !== null) judge.schedule.reported(effect.report, this.#sim.scenario.schedule);
        return;
      case "finish":
        this.#end();
        if (this.#candidacy !== null)
          this.machine.link.ask(
            () => this.#sim.candidates.delete(this.me.identity),
            () => undefined,
          );
        judge.finished(this, effect.outcome);
        return;
    }
  }

  #request<T extends object>(
    deadline: Millis,
    apply: () => T,
    answer: (result: T | Extract<ReadResult & WriteResult, { kind: "failed" }>, late: boolean) => void,
  ): void {
    const { agenda, dice, judge } = this.#sim;
    judge.requested(this);
    let answered = false;
    const patience = agenda.at(this.machine.trueTime(deadline) + this.machine.lateness() / 10, () => {
      this.whenAwake(() => {
        if (answered) return;
        answered = true;
        answer({ kind: "failed", reason: "timeout", message: "no answer" }, false);
      }, true);
    });
    this.machine.link.ask(apply, (result) => {
      this.whenAwake(() => {
        if (answered && dice.chance(0.5)) return;
        const late = answered;
        answered = true;
        patience.action = null;
        answer(result, late);
      });
    });
  }

  #end(): void {
    this.over = true;
    this.#candidacy?.end();
    this.#queue = [];
    this.#watch?.close();
    if (this.#wake !== null) this.#wake.action = null;
    this.#sim.restart(this);
  }
}

function textOf(item: Event | Effect): string {
  const rest: Record<string, unknown> = { ...item, kind: undefined };
  const text = JSON.stringify(rest, (key, value: unknown) =>
    key === "fingerprint" || key === "object" || key === "acquireTime" || value === null ? undefined : value,
  );
  return `\n${" ".repeat(20)}${item.kind} ${text}`;
}
