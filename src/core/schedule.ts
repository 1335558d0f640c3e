/** A schedule: at which times of day the command is due, and which of them are done with. Pure: the times come from `Ticks`. */
import type { WatchState } from "./state.ts";
import type { Millis, Turn } from "./types.ts";

/** The times at which a command is due, as times of day (milliseconds since 1970, whole seconds). Pure functions. */
export interface Ticks {
  /** The first tick later than this; Infinity: there is none. */
  after(time: Millis): Millis;
  /** The last tick that is not later than this; -Infinity: there is none. */
  upTo(time: Millis): Millis;
}

export interface Schedule {
  readonly ticks: Ticks;
  /** What becomes of ticks at which nobody could run the command: none of them, or the last one, runs afterwards. */
  readonly catchUp: "none" | "last";
}

/** Where a leader is in its schedule. */
export interface Plan {
  /** Ticks up to this one are done with: started, skipped or missed. Never goes back, whatever the clock does. */
  readonly settled: Millis;
  /** The same without a tick whose command is yet to be started: what is left to the next leader if it never is. */
  readonly over: Millis;
  /** The first tick after `settled`. */
  readonly next: Millis;
  /** A tick that is being recorded on the Lease; its command starts once that is confirmed, and not before. */
  readonly claim: Millis | null;
  /** The tick whose command is started, or was the last one. */
  readonly current: Millis | null;
  /** When the time of day was last looked at, on our own clock. */
  readonly lookedAt: Millis;
  /** The time of day is before `settled`, and that was told. */
  readonly behind: boolean;
  readonly runs: number;
  readonly failures: number;
}

/** What a leader goes on with after the command of a tick. */
export interface Resume {
  readonly plan: Plan;
  readonly watch: WatchState;
}

/** Ticks that are not run. */
export interface Passed {
  readonly count: number;
  /** Not all of them were counted. */
  readonly isMore: boolean;
  readonly last: Millis;
}

/** What one look at the time of day finds. */
export interface Sight {
  readonly plan: Plan;
  /** Ticks that came while the command of an earlier one ran, or could not be recorded before the next one came. */
  readonly skipped: Passed | null;
  /** Ticks that came while nobody was there to run them, or that the clock jumped over. */
  readonly missed: Passed | null;
  /** The time of day is so long before the last tick. */
  readonly behindBy: Millis | null;
}

/** So late a tick is still on time: hand-overs, and clocks that differ a little. */
const onTime: Millis = 1_000;
/** Finding one tick takes half a millisecond, in which nothing else is done. */
const countLimit = 100;

/** The plan of a leader that finds this tick on the Lease. Without one, nothing was missed. */
export function planFrom(lastTick: Millis | null, { ticks }: Schedule, turn: Turn): Plan {
  const settled = lastTick ?? turn.wall;
  const none = { claim: null, current: null, behind: false, runs: 0, failures: 0 };
  return { ...none, settled, over: settled, next: ticks.after(settled), lookedAt: turn.at };
}

/**
 * Looks at the time of day. Of the ticks that came since the last look only the last one can be due: it is claimed when nothing
 * runs (`isIdle`) and it is on time, that is, as old as our own clock explains; or when the last missed one is to be caught up.
 */
export function look(plan: Plan, isIdle: boolean, { ticks, catchUp }: Schedule, turn: Turn): Sight {
  const { settled, claim } = plan;
  const looked: Plan = { ...plan, lookedAt: turn.at };
  if (turn.wall < plan.next) {
    const behind = settled - turn.wall > onTime;
    const behindBy = behind && !plan.behind ? settled - turn.wall : null;
    return { plan: { ...looked, behind }, skipped: null, missed: null, behindBy };
  }
  const last = ticks.upTo(turn.wall);
  const all = passed(ticks, plan.next, last);
  const done: Plan = { ...looked, settled: last, over: last, next: ticks.after(last), behind: false };
  if (!isIdle) return { plan: done, skipped: all, missed: null, behindBy: null };
  const isOnTime = turn.wall - last <= onTime + (turn.at - plan.lookedAt);
  const runs = isOnTime || catchUp === "last";
  const skipped = claim === null ? null : { count: 1, isMore: false, last: claim };
  const others = all.count === 1 ? null : { ...all, count: all.count - 1, last: ticks.upTo(last - 1) };
  const over = runs ? (others?.last ?? settled) : last;
  return { plan: { ...done, over, claim: runs ? last : null }, skipped, missed: runs ? others : all, behindBy: null };
}

/** When to look again, on our own clock: at the next tick; a clock that is set is noticed within a second. */
export function nextLook({ next }: Plan, turn: Turn): Millis {
  return turn.at + Math.min(Math.max(0, next - turn.wall), onTime);
}

/** The ticks from `first` to `last`. */
function passed(ticks: Ticks, first: Millis, last: Millis): Passed {
  let count = 1;
  let tick = first;
  for (; tick < last && count < countLimit; count++) tick = ticks.after(tick);
  return { count, isMore: tick < last, last };
}
