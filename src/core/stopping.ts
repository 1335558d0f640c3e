/**
 * Stopping: the command, or what is left of its tree, is on its way out. The Lease stays ours until the tree is gone:
 * renewals go on to protect it, and no path leads to a release but `tree-gone`.
 */
import type { CommandEnd, Effect, Event, KillReason, LossCause, Millis, SignalName, Turn } from "./types.ts";
import { newStopping } from "./new-stopping.ts";
import { renewIfDue, takeIn, verify, type Verdict } from "./renewal.ts";
import { resumeOf, unwatched } from "./scheduled.ts";
import type { Direct, Leading, State, Stopping } from "./state.ts";
import type { StepDownRequest } from "./step-down.ts";
import { asksToStop, replaced } from "./stop-signals.ts";
import { treeGone } from "./tree-gone.ts";

type Stepped = readonly [State, readonly Effect[]];

/** A second stop signal that comes later than this after the first means "now" (npm delivers one Ctrl-C twice). */
const impatience: Millis = 1_000;
/** How often it is said that a tree does not die. */
const complaintEvery: Millis = 10_000;

/** Leadership is lost by our own clock, or cannot be kept safely: stop signal, then SIGKILL after kill-after. */
export function stopLost(state: Leading, cause: LossCause, turn: Turn): Stepped {
  const report: Effect = { kind: "report", report: { kind: "lost", cause } };
  const next = newStopping(state, { kind: "lost", cause }, turn.me.timing.killAfter, turn.me.stopSignal, turn);
  const leaving = withdrawn(turn);
  if (cause.kind === "late") return kill(next, "deadline", [report, ...leaving], turn);
  if (state.command !== "running") return [next, [report, ...leaving]];
  return [next, [report, { kind: "forward", signal: turn.me.stopSignal, to: "tree" }, ...leaving]];
}

/**
 * Who has lost the Lease ends, however long its tree takes to die: elected meanwhile it would confirm nothing, and the server, whose pings it
 * answers, would elect nobody else.
 */
function withdrawn({ elector }: Turn): Effect[] {
  return elector.kind === "server" ? [{ kind: "candidacy", wish: "withdraw" }] : [];
}

/** Leader-exec was asked to stop: the command gets the signal and its grace, and the Lease is renewed all that time. */
export function stopAsked(state: Leading | Direct, signal: SignalName, turn: Turn): Stepped {
  const forwarded = replaced(signal.name, turn);
  const grace = turn.me.timing.terminationGracePeriod;
  const next = newStopping(state, { kind: "asked", signal }, grace, forwarded, turn);
  const report: Effect = { kind: "report", report: { kind: "stopping", signal: forwarded, killIn: grace } };
  if (state.command !== "running") return [next, [report]];
  return [next, [report, { kind: "forward", signal: forwarded, to: "tree" }]];
}

/** Asked on the Lease to step down: as when asked by SIGTERM. */
export function stopSteppingDown(state: Leading, { id, to }: StepDownRequest, turn: Turn): Stepped {
  const signal = replaced("SIGTERM", turn);
  const grace = turn.me.timing.terminationGracePeriod;
  const next = newStopping(state, { kind: "step-down", to }, grace, signal, turn);
  const report: Effect = { kind: "report", report: { kind: "step-down", id, to, signal, killIn: grace } };
  return [next, state.command === "running" ? [report, { kind: "forward", signal, to: "tree" }] : [report]];
}

/** The command ran past its limit: as after a loss, but the Lease is ours, and is renewed until the tree is gone. */
export function stopOverrun(state: Leading | Direct, turn: Turn): Stepped {
  const { stopSignal, timing, job } = turn.me;
  const why = { kind: "overrun", limit: job.maxRun } as const;
  const next = { ...newStopping(state, why, timing.killAfter, stopSignal, turn), resume: resumeOf(state) };
  const report: Effect = { kind: "report", report: { kind: "overrun", limit: job.maxRun, killIn: timing.killAfter } };
  return [next, [report, { kind: "forward", signal: stopSignal, to: "tree" }]];
}

/** The command ended by itself: what is left of its tree is killed. With a schedule that is not the end. */
export function treeEnding(state: Leading | Direct, end: CommandEnd, turn: Turn): Stepped {
  const next: Stopping = { ...newStopping(state, { kind: "ended" }, 0, "", turn), end, resume: resumeOf(state) };
  return kill(next, null, [], turn);
}

/** Somebody else is the holder: there is no grace left. */
export function loseLease(state: Leading | Stopping, holder: string, turn: Turn): Stepped {
  const cause: LossCause = { kind: "other-holder", holder };
  const report: Effect = { kind: "report", report: { kind: "lost", cause } };
  const next = state.phase === "stopping" ? state : newStopping(state, { kind: "lost", cause }, 0, "SIGKILL", turn);
  const why: Stopping["why"] = next.resume === null ? next.why : { kind: "lost", cause };
  const lost: Stopping = { ...next, why, resume: null, hold: null };
  const effects = [report, ...withdrawn(turn)];
  return lost.killing === null ? kill(lost, "other-holder", effects, turn) : [lost, effects];
}

/** One event while stopping. */
export function stoppingStep(state: Stopping, event: Event, turn: Turn): Stepped {
  switch (event.kind) {
    case "tick":
      return tick(state, turn);
    case "read":
    case "written":
      return state.hold === null
        ? [state, []]
        : settle(state, takeIn({ ...state, hold: state.hold }, event, turn), turn);
    case "watched":
    case "watched-deletion": {
      if (state.hold === null) return [state, []];
      const told = event.kind === "watched" ? event.lease : null;
      return settle(state, verify({ ...state, hold: state.hold }, told, turn), turn);
    }
    case "command-started":
      return started(state);
    case "command-not-started":
      return treeGone({ ...state, end: null }, turn);
    case "command-ended":
      return [{ ...state, end: event.end }, []];
    case "tree-gone":
      return treeGone(state, turn);
    case "signal":
      return signalled(state, event.signal, turn);
    case "guard-lost":
      // Nothing would kill the tree in our place any more: do not wait, if somebody else could lead.
      return state.elected && state.killing === null ? kill(state, "no-guard", [], turn) : [state, []];
    case "watch-ended":
      return [{ ...state, resume: unwatched(state.resume, event.reason, turn) }, []];
  }
}

/** When the next thing is due that no event brings. */
export function stoppingWake(state: Stopping): Millis {
  const attempt = state.hold?.request === null ? state.hold.nextAttemptAt : Infinity;
  return Math.min(attempt, state.killing === null ? killAt(state) : state.killing.complainAt);
}

function tick(state: Stopping, turn: Turn): Stepped {
  if (state.killing === null && turn.at >= killAt(state)) {
    return kill(state, state.graceEnds <= turn.at ? "grace-over" : "deadline", [], turn);
  }
  const complaint: Effect[] = [];
  let next = state;
  if (state.killing !== null && turn.at >= state.killing.complainAt) {
    complaint.push({ kind: "report", report: { kind: "tree-alive", since: turn.at - state.killing.since } });
    next = { ...state, killing: { ...state.killing, complainAt: turn.at + complaintEvery } };
  }
  if (next.hold === null) return [next, complaint];
  const [renewing, effects] = settle(next, renewIfDue({ ...next, hold: next.hold }, Infinity, turn), turn);
  return [renewing, [...complaint, ...effects]];
}

function settle(state: Stopping, verdict: Verdict | null, turn: Turn): Stepped {
  if (verdict === null) return [state, []];
  if (verdict.kind === "lost") return loseLease(state, verdict.holder, turn);
  return [{ ...state, hold: verdict.hold, ids: verdict.ids }, verdict.effects];
}

function started(state: Stopping): Stepped {
  if (state.command.kind === "there") return [state, []];
  const { signal } = state.command;
  const effect: Effect = state.killing === null ? { kind: "forward", signal, to: "tree" } : { kind: "kill-tree" };
  return [{ ...state, command: { kind: "there" } }, [effect]];
}

function signalled(before: Stopping, signal: SignalName, turn: Turn): Stepped {
  const stops = asksToStop(signal);
  const steppedDown = before.why.kind === "step-down";
  const asked: Partial<Stopping> =
    stops && (before.resume !== null || steppedDown) ? { why: { kind: "asked", signal }, resume: null } : {};
  // A request to step down was no signal: this is the first one.
  const state: Stopping = { ...before, ...asked, since: stops && steppedDown ? turn.at : before.since };
  if (stops && turn.at >= state.since + impatience && state.killing === null)
    return kill(state, "second-signal", [], turn);
  const name = stops ? replaced(signal.name, turn) : signal.name;
  return [state, [{ kind: "forward", signal: name, to: stops ? "tree" : "command" }]];
}

function kill(state: Stopping, why: KillReason | null, effects: Effect[], turn: Turn): Stepped {
  const killing = { since: turn.at, complainAt: turn.at + complaintEvery };
  const report: Effect[] = why === null ? [] : [{ kind: "report", report: { kind: "killing", why } }];
  return [{ ...state, killing }, [{ kind: "kill-tree" }, ...effects, ...report]];
}

function killAt(state: Stopping): Millis {
  return Math.min(state.graceEnds, state.hold?.deadlines.kill ?? state.graceEnds);
}
