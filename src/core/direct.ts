/** Leader election is off: the command runs at once, and signals and its end are handled as under a Lease. */
import { finish } from "./releasing.ts";
import type { Direct, State } from "./state.ts";
import { asksToStop } from "./stop-signals.ts";
import { stopAsked, stopOverrun, treeEnding } from "./stopping.ts";
import type { Effect, Event, Turn } from "./types.ts";

/** Its first step starts the command. */
export const initialDirect: Direct = { phase: "direct", command: "waiting", overrunAt: Infinity };

/** One event while the command runs without a Lease; nothing of what a store tells can come here. */
export function direct(state: Direct, event: Event, turn: Turn): readonly [State, readonly Effect[]] {
  switch (event.kind) {
    case "tick":
      if (turn.at >= state.overrunAt) return stopOverrun(state, turn);
      if (state.command !== "waiting") return [state, []];
      return [{ ...state, command: "starting" }, [{ kind: "start", lease: null, killAt: Infinity, tick: null }]];
    case "command-started":
      return [
        { ...state, command: "running", overrunAt: turn.at + turn.me.job.maxRun },
        [{ kind: "report", report: { kind: "started", pid: event.pid } }],
      ];
    case "command-not-started":
      return finish({ kind: "command-not-started", failure: event.failure }, "no-lease");
    case "command-ended":
      return treeEnding(state, event.end, turn);
    case "signal":
      if (asksToStop(event.signal)) return stopAsked(state, event.signal, turn);
      return [state, [{ kind: "forward", signal: event.signal.name, to: "command" }]];
    case "guard-lost":
      // Nobody else waits for the command to be gone: no reason to stop it.
      return [state, [{ kind: "report", report: { kind: "unguarded", message: event.message } }]];
    case "read":
    case "written":
    case "watched":
    case "watched-deletion":
    case "watch-ended":
    case "tree-gone":
      return [state, []];
  }
}
