import type { Millis } from "../core/types.ts";
import { GuardProcess } from "./guard-process.ts";
import { guardExit } from "./guard-protocol.ts";
import { programOf } from "./load-bundle.ts";
import { startTimeOf } from "./tree-kin.ts";

/** What became of a guard that was started for nothing. */
export type GuardTrial =
  { readonly kind: "worked"; readonly took: Millis } | { readonly kind: "failed"; readonly why: string };

/**
 * Starts a guard as a run does, has it rehearse, and ends it. `runId`: one that no process carries. `took`: until it had answered.
 * Answers within `limit`.
 */
export function tryGuard(runId: string, limit: Millis): Promise<GuardTrial> {
  const begun = performance.now();
  return new Promise((resolve) => {
    let answers = 0;
    let took: Millis = 0;
    const over = (trial: GuardTrial): void => {
      clearTimeout(timer);
      guard.kill();
      resolve(trial);
    };
    const timer = setTimeout(() => {
      over({ kind: "failed", why: `it did not ${took === 0 ? "answer" : "end"} within ${limit} ms` });
    }, limit);
    const guard: GuardProcess = new GuardProcess(programOf("guard"), {
      acknowledged: () => {
        if (++answers < 2) return; // the first one says that it has started
        took = performance.now() - begun;
        guard.send({ kind: "done" });
      },
      ended: (code, trouble) => {
        over(code === guardExit.quiet && took > 0 ? { kind: "worked", took } : { kind: "failed", why: trouble });
      },
    });
    guard.send({ kind: "run", runId, since: startTimeOf(process.pid), cgroup: null });
    guard.send({ kind: "deadline", number: 0, at: Infinity });
  });
}
