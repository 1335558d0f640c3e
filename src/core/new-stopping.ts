import type { Direct, Leading, Stopping } from "./state.ts";
import type { Millis, Turn } from "./types.ts";

/**
 * The state in which a command that runs, or is about to, is on its way out.
 * @param signal what a command gets that is not there yet
 */
export function newStopping(
  state: Leading | Direct,
  why: Stopping["why"],
  grace: Millis,
  signal: string,
  turn: Turn,
): Stopping {
  const isLeading = state.phase === "leading";
  const command: Stopping["command"] = state.command === "running" ? { kind: "there" } : { kind: "starting", signal };
  const since = turn.at;
  return {
    phase: "stopping",
    ids: isLeading ? state.ids : 0,
    hold: isLeading ? state.hold : null,
    elected: isLeading,
    why,
    since,
    graceEnds: since + grace,
    killing: null,
    command,
    end: null,
    resume: null,
  };
}
