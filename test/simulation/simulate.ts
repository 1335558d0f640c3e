/** Runs one scenario to its end: machines, faults, calm, verdict. */
import * as lifecycle from "../../src/core/lifecycle.ts";
import { releaseFor } from "../../src/core/on-behalf.ts";
import type { LeaseRecord, StoredLease } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import { Agenda } from "./agenda.ts";
import { Controller } from "./controller.ts";
import { Dice } from "./dice.ts";
import { ForeignElector } from "./foreign.ts";
import { Judge, Violation, type Figures } from "./judge.ts";
import type { Link } from "./link.ts";
import { Machine } from "./machine.ts";
import { noted } from "./once.ts";
import type { Fault, Moment, Scenario, Target } from "./scenario.ts";
import { SimApi } from "./sim-api.ts";
import { SimCandidates } from "./sim-candidates.ts";
import type { Core, Sim } from "./sim.ts";

export interface Result {
  /** Null: every invariant held. */
  readonly violation: string | null;
  readonly figures: Figures;
  readonly virtual: Millis;
  readonly actions: number;
}

export interface Settings {
  readonly core?: Core;
  readonly ticksFirst?: boolean;
  readonly hastyGuard?: boolean;
  /** False: only what is seen from outside is judged. */
  readonly insight?: boolean;
  readonly trace?: (at: Millis, who: string, what: string) => void;
}

/** Jobs end and begin for ever: so long they are looked at when nothing goes wrong any more. */
const jobsGoOnFor: Millis = 30_000;
/** One command for so long, and nobody killed it: recovered. */
const steadyFor: Millis = 1_500;

export function simulate(scenario: Scenario, settings: Settings = {}): Result {
  const agenda = new Agenda();
  const dice = new Dice(scenario.seed ^ 0x5eed);
  const judge = new Judge(agenda, settings.insight ?? true);
  const waiting: Fault[] = [];
  const api = new SimApi(agenda, dice, (before, after, by) => {
    judge.changed(before, after, by);
    if (waiting.length > 0 && by !== null) seize(momentsOf(before, after));
  });
  const { trace } = settings;
  const sim: Sim = {
    core: settings.core ?? { ...lifecycle, releaseFor },
    scenario,
    agenda,
    dice,
    api,
    candidates: new SimCandidates(agenda),
    controller: null,
    judge,
    errors: null,
    ticksFirst: settings.ticksFirst ?? true,
    hastyGuard: settings.hastyGuard ?? false,
    trace: trace === undefined ? null : (who, what) => trace(agenda.now, who, what),
    restart: ({ machine }) => agenda.after(dice.between(100, 2_000), () => machine.boot()),
  };
  const machines = scenario.machines.map((setup, number) => new Machine(sim, number, setup));
  for (const { candidate } of machines) agenda.after(dice.between(0, 300), () => candidate.begin());
  sim.controller = scenario.coordinated ? new Controller(sim) : null;
  const foreign = scenario.foreign === null ? null : new ForeignElector(sim, scenario.foreign);
  const strikeNow = (fault: Fault): void => {
    if (agenda.now >= scenario.calmFrom) return;
    sim.trace?.("fault", JSON.stringify(fault));
    strike(sim, machines, fault);
  };
  function seize(moments: readonly Moment[]): void {
    for (const fault of [...waiting]) {
      if (fault.on === undefined || !moments.includes(fault.on.what)) continue;
      waiting.splice(waiting.indexOf(fault), 1);
      agenda.after(fault.on.after, () => strikeNow(fault));
    }
  }
  for (const fault of scenario.faults)
    agenda.at(fault.at, () => (fault.on === undefined ? strikeNow(fault) : waiting.push(fault)));
  agenda.at(scenario.calmFrom, () => {
    sim.trace?.("fault", "calm from here on");
    foreign?.stop();
  });
  let limit = Infinity;
  agenda.at(scenario.calmFrom, () => {
    limit = agenda.now + (scenario.jobs ? jobsGoOnFor : recoveryLimit(machines, scenario));
  });
  let steadySince = Infinity;
  const steady = (): boolean => {
    if (judge.living !== 1 || agenda.now < scenario.calmFrom) steadySince = Infinity;
    else steadySince = Math.min(steadySince, agenda.now);
    return !scenario.jobs && agenda.now - steadySince > steadyFor;
  };
  let violation: string | null = null;
  try {
    // A start may take seconds (sim-command.ts): it is waited for.
    const isStarting = (): boolean => machines.some(({ candidate }) => candidate.command.status === "starting");
    agenda.run(1e9, () => steady() || (agenda.now > limit && !isStarting()));
    judge.figures.recovery = steadySince - scenario.calmFrom;
    if (steadySince === Infinity && !scenario.jobs)
      violation = `no command runs ${Math.round(agenda.now - scenario.calmFrom)} ms after the last fault`;
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  if (scenario.schedule !== null) judge.schedule.count(scenario.schedule, judge.figures.ticks);
  sim.trace?.("judge", violation ?? "all invariants held");
  return { violation, figures: judge.figures, virtual: agenda.now, actions: agenda.taken };
}

/**
 * What it may take until a command runs again, from the last fault on: a request under way that will never be answered, a pause,
 * a whole lease, the retry period more that an elector without our mark gets, a grace. When nobody stands by who has ever reached
 * the API, the slow first looks come on top (trouble at start).
 */
function recoveryLimit(machines: readonly Machine[], scenario: Scenario): Millis {
  const { faults } = scenario;
  const longest = (of: (timing: Machine["setup"]["timing"]) => Millis): Millis =>
    Math.max(...machines.map(({ setup }) => of(setup.timing)));
  const contact = machines.some(
    ({ candidate: { state, over } }) => !over && state.phase === "standby" && state.contact,
  );
  const lease = longest((timing) => timing.leaseDuration + timing.renewDeadline / 3 + 3.2 * timing.retryPeriod);
  const grace = longest((timing) => timing.terminationGracePeriod);
  const ending = machines.some(({ candidate: { state } }) => state.phase !== "standby");
  const patience = Math.max(0, ...faults.map((fault) => (fault.kind === "errors" ? fault.retryAfter : 0)));
  const rest = faults.some(({ kind }) => kind === "step-down") ? longest((timing) => timing.leaseDuration) : 0;
  // By the server's clock, with its look every 5 s and a round of pings; without a controller the plain way is taken after 30 s.
  const elected = scenario.coordinated ? 80_000 : 0;
  return elected + 1.02 * (lease + rest) + (ending ? grace + 2_500 : 0) + (contact ? 0 : 27_000) + patience + 1_500;
}

function momentsOf(before: StoredLease | null, after: StoredLease | null): readonly Moment[] {
  const holder = after?.record.holder;
  if (holder === "") return ["released", "written"];
  if (after?.record.acquireTime === null) return ["elected", "written"];
  return holder === before?.record.holder ? ["written"] : ["acquired", "written"];
}

function strike(sim: Sim, machines: readonly Machine[], fault: Fault): void {
  const { agenda, scenario } = sim;
  const span = "span" in fault ? Math.min(fault.span, scenario.calmFrom - agenda.now) : 0;
  const machine = "target" in fault ? find(sim, machines, fault.target) : (machines[0] as Machine);
  const { candidate, link } = machine;
  switch (fault.kind) {
    case "cut":
      link.cut(fault.way === "both" ? ["out", "back"] : [fault.way], span);
      return;
    case "flap":
      for (let at = 0; at < span; at += 2 * fault.every)
        agenda.after(at, () => link.cut(["out", "back"], Math.min(fault.every, span - at)));
      return;
    case "slow":
      link.slow += fault.delay;
      agenda.after(span, () => (link.slow -= fault.delay));
      return;
    case "fade":
      fade(sim, link, fault, span);
      return;
    case "loss":
      link.loss += fault.share;
      agenda.after(span, () => (link.loss -= fault.share));
      return;
    case "errors":
      sim.errors = fault;
      agenda.after(span, () => (sim.errors = null));
      return;
    case "freeze":
      if (candidate.command.guarded) candidate.freeze(span);
      return;
    case "crash":
      if (candidate.command.guarded) candidate.crash();
      return;
    case "signal":
      candidate.signal(fault);
      return;
    case "guard-lost":
      if (candidate.frozenUntil < agenda.now) candidate.command.loseGuard();
      return;
    case "wall-step":
      machine.wallSteps += fault.by;
      return;
    case "watch-end":
      if (fault.reason === "closed") sim.api.compact();
      link.endWatches(fault.reason);
      return;
    case "watch-mute":
      link.muteWatches();
      return;
    case "storm":
      for (let at = 0; at < span; at += fault.every) agenda.after(at, () => sim.api.edit({}));
      return;
    case "note":
      sim.api.edit({ done: noted(sim.api.lease?.record.done ?? null, `by hand ${agenda.taken}`) });
      return;
    case "step-down":
      requestStepDown(sim, fault.of);
      return;
    case "spoil":
      spoil(sim, span);
      return;
    case "controller-down":
      sim.controller?.down(span);
      return;
    default:
      byHand(sim, fault.kind);
  }
}

function requestStepDown({ api, agenda }: Sim, of: "holder" | "nobody"): void {
  const holder = api.lease?.record.holder;
  if (holder) api.edit({ stepDown: { holder: of === "holder" ? holder : "nobody", id: String(agenda.taken) } });
}

function fade({ agenda }: Sim, link: Link, { delay, slowly }: Fault & { kind: "fade" }, span: Millis): void {
  const until = Math.min(slowly, span);
  link.slowAnswers += delay;
  link.loss += 0.2;
  agenda.after(until, () => {
    link.slowAnswers -= delay;
    link.loss -= 0.2;
    link.cut(["out"], span - until);
  });
}

function spoil({ api, agenda }: Sim, span: Millis): void {
  const done = api.lease?.record.done ?? null;
  if (done !== null && done.kind !== "keys") return;
  api.edit({ done: { kind: "unreadable", text: "?" } });
  agenda.after(span, () => {
    if (api.lease?.record.done?.kind === "unreadable") api.edit({ done });
  });
}

function byHand(sim: Sim, kind: Parameters<Judge["hand"]>[0]): void {
  const { api, judge, scenario, agenda } = sim;
  if (api.lease === null) return;
  const longest = Math.max(...scenario.machines.map(({ timing }) => timing.leaseDuration));
  const time = 1_767_225_600_000 + agenda.now;
  const somebody: LeaseRecord = {
    holder: "somebody",
    durationSeconds: longest / 1000,
    acquireTime: time,
    renewTime: time,
    transitions: api.lease.record.transitions + 1,
    coordination: api.lease.record.coordination,
    markedBy: null,
    holdUntil: api.lease.record.holdUntil,
    done: api.lease.record.done,
    lastTick: api.lease.record.lastTick,
    stepDown: api.lease.record.stepDown,
  };
  judge.hand(kind, api.lease);
  switch (kind) {
    case "delete":
      api.delete();
      return;
    case "recreate":
      api.delete();
      api.create(somebody);
      return;
    case "clear":
      api.edit({ holder: "" });
      return;
    case "overwrite":
      api.edit({ ...somebody, markedBy: api.lease.record.markedBy });
      return;
    case "shorten":
      api.edit({ durationSeconds: 1 });
      return;
    case "postdate":
      api.edit({ renewTime: (api.lease.record.renewTime ?? 0) + 86_400_000 });
  }
}

function find(sim: Sim, machines: readonly Machine[], target: Target): Machine {
  if (target !== "holder") return machines[target % machines.length] as Machine;
  const named = sim.api.lease?.record.holder;
  const holder = machines.find(({ candidate }) => candidate.me.identity === named);
  return sim.judge.holder()?.machine ?? holder ?? (machines[0] as Machine);
}
