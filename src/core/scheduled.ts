/**
 * Leading with a schedule: a tick is recorded on the Lease by a renewal that carries it, its command starts once that write of
 * ours is confirmed, and after the command's end the next tick is waited for. So nobody starts a tick that a record may name.
 */
import { freshEnoughToStart } from "./deadlines.ts";
import { finish, release } from "./releasing.ts";
import { look, nextLook, planFrom, type Plan, type Resume, type Schedule, type Sight } from "./schedule.ts";
import type { ScheduleReport } from "./schedule-report.ts";
import type { Direct, Hold, Leading, State, Stopping } from "./state.ts";
import { parseTime } from "./time-of-day.ts";
import { endedWatch } from "./watching.ts";
import type { CommandEnd, Effect, Event, LossCause, Millis, SignalName, Turn } from "./types.ts";

type Stepped = readonly [State, readonly Effect[]];

/** The plan that begins with an acquisition; null: no schedule, the command runs once and at once. */
export function firstPlan(lastTick: string | null, turn: Turn): Plan | null {
  const { schedule } = turn.me.job;
  return schedule === null ? null : planFrom(lastTick === null ? null : parseTime(lastTick), schedule, turn);
}

/** One look at the time of day; what comes of it is written by the next renewal, and a claim makes that due now. */
export function lookAtPlan(state: Leading, turn: Turn): [Leading, Effect[]] {
  const { plan, hold, command } = state;
  const { schedule } = turn.me.job;
  if (plan === null || schedule === null) return [state, []];
  const sight = look(plan, command === "idle", schedule, turn);
  const tick = sight.plan.settled > plan.settled ? sight.plan.settled : hold.tick;
  const next: Leading = { ...state, plan: sight.plan, hold: hastened({ ...hold, tick }, sight.plan, turn) };
  return [next, reportsOf(sight, command === "idle", schedule).map(told)];
}

/** A write was confirmed: if it was the one that records the claimed tick, its command may start. */
export function confirmed(state: Leading, turn: Turn): Leading {
  const { plan, hold } = state;
  if (plan === null || plan.claim === null) return state;
  if (hold.stored !== plan.claim) return { ...state, hold: hastened(hold, plan, turn) };
  const started: Plan = { ...plan, claim: null, current: plan.claim, runs: plan.runs + 1 };
  const isFresh = freshEnoughToStart(turn.at, hold.sentAt, hold.deadlines.term);
  return { ...state, plan: started, command: "waiting", hold: isFresh ? hold : { ...hold, nextAttemptAt: turn.at } };
}

/** When the plan is to be looked at again. */
export function planWake(plan: Plan | null, turn: Turn): Millis {
  return plan === null ? Infinity : nextLook(plan, turn);
}

/** What the state that follows a command needs to go on. */
export function resumeOf(state: Leading | Direct): Resume | null {
  return state.phase === "direct" || state.plan === null ? null : { plan: state.plan, watch: state.watch };
}

/** The watch has ended meanwhile: it is opened again when leading goes on. */
export function unwatched(
  resume: Resume | null,
  ...ended: [(Event & { kind: "watch-ended" })["reason"], Turn]
): Resume | null {
  return resume === null ? null : { ...resume, watch: endedWatch(resume.watch, ...ended) };
}

/** The tree of a tick's command is gone: ticks that came meanwhile are skipped, the next one is waited for. */
export function goOn(state: Stopping, hold: Hold, { plan, watch }: Resume, turn: Turn): Stepped {
  const failed = state.why.kind === "overrun" || (state.end !== null && !isSuccess(state.end));
  const counted: Plan = { ...plan, failures: plan.failures + (failed ? 1 : 0) };
  const { current: tick, runs, failures } = counted;
  const limit = state.why.kind === "overrun" ? state.why.limit : null;
  const report = told({ kind: "tick-ended", tick: tick ?? 0, end: state.end, limit, runs, failures });
  return idleAgain({ phase: "leading", ids: state.ids, hold, watch, plan: counted }, report, turn);
}

/** The command of a tick could not be started: the tick has failed, the next one is waited for. */
export function tickNotStarted(state: Leading, plan: Plan, message: string, turn: Turn): Stepped {
  const counted: Plan = { ...plan, failures: plan.failures + 1 };
  const { current: tick, runs, failures } = counted;
  return idleAgain(
    { ...state, plan: counted },
    told({ kind: "tick-not-started", tick: tick ?? 0, message, runs, failures }),
    turn,
  );
}

/** Leadership is lost while no command runs: there is nothing to stop. `holder`: the Lease is somebody else's already. */
export function loseIdle(state: Leading, cause: LossCause, turn: Turn): Stepped {
  const report = told({ kind: "lost-idle", cause });
  const ending = { kind: "lost", cause, idle: true } as const;
  const [next, effects] =
    cause.kind === "other-holder" ? finish(ending, "not-ours") : release(unclaimed(state), ending, turn);
  return [next, [report, ...effects]];
}

/** Asked to stop while no command runs. */
export function stopIdle(state: Leading, signal: SignalName, turn: Turn): Stepped {
  return release(unclaimed(state), { kind: "stopped-idle", signal }, turn);
}

/** No command exists, or is about to. */
export function isIdle({ command, plan }: Leading): boolean {
  return command === "idle" || (command === "waiting" && plan !== null);
}

function idleAgain(state: Omit<Leading, "command" | "overrunAt">, report: Effect, turn: Turn): Stepped {
  const [passed, skips] = lookAtPlan({ ...state, command: "running", overrunAt: Infinity }, turn);
  return [{ ...passed, command: "idle" }, [report, ...skips]];
}

/**
 * A tick whose command was not started never will be by us: the next leader may. It may be on the Lease already, by a write whose answer
 * has not come; so what is left there is said, and not just kept.
 */
export function unclaimed({ ids, hold, plan }: Leading): { ids: number; hold: Hold } {
  return { ids, hold: plan === null || plan.over === plan.settled ? hold : { ...hold, tick: plan.over } };
}

/** The command of the recorded tick is started now. */
export function begun(plan: Plan | null): Plan | null {
  return plan === null ? null : { ...plan, over: plan.settled };
}

/** While the store is in trouble, or somebody edits the Lease all the time, the pace of the renewals holds. */
function hastened(hold: Hold, { claim }: Plan, turn: Turn): Hold {
  const isPending = claim !== null && hold.stored !== claim && hold.request === null;
  return isPending && hold.trouble === null && hold.conflicts === 0
    ? { ...hold, nextAttemptAt: Math.min(hold.nextAttemptAt, turn.at) }
    : hold;
}

function reportsOf(
  { plan, skipped, missed, behindBy }: Sight,
  wasIdle: boolean,
  { catchUp }: Schedule,
): ScheduleReport[] {
  const reports: ScheduleReport[] = [];
  if (missed !== null) reports.push({ kind: "ticks-missed", passed: missed, catchUp, runs: plan.claim });
  if (skipped !== null)
    reports.push({ kind: "ticks-skipped", passed: skipped, why: wasIdle ? "not-recorded" : "running" });
  if (behindBy !== null) reports.push({ kind: "clock-behind", by: behindBy, lastTick: plan.settled });
  return reports;
}

const told = (report: ScheduleReport): Effect => ({ kind: "report", report });

function isSuccess(end: CommandEnd): boolean {
  return end.kind === "exited" && end.code === 0;
}
