/** How a run with `--once` ended, as an exit code and as the closing line. */
import type { Flaw } from "./done.ts";
import { mostKeys } from "./done.ts";
import type { Once } from "./job.ts";
import type { Closing } from "./outcome.ts";
import { formatTime } from "./time-of-day.ts";
import type { Outcome, Released } from "./types.ts";

type OnceOutcome = Outcome & { kind: "recorded" | "unrecorded" | "done-before" | "once-refused" };

/** @param codes what stands for a failure of leader-exec, and for a loss */
export function closingOfOnce(outcome: OnceOutcome, codes: { failed: number; lost: number }): Closing {
  const { once } = outcome;
  const name = `"${once.key}"`;
  switch (outcome.kind) {
    case "recorded":
      return {
        code: 0,
        level: "info",
        message: `the command exited with code 0: ${name} is recorded as done (--once)`,
      };
    case "done-before":
      return {
        code: 0,
        level: "info",
        message: `${name} was done at ${formatTime(outcome.at)}: nothing to run (--once)`,
      };
    case "once-refused":
      return { code: codes.failed, level: "error", message: `${name} was not run: ${flawOf(outcome.flaw, once)}` };
    case "unrecorded": {
      const { because, released } = outcome;
      const why = typeof because === "string" ? flawOf(because, once) : (because.message ?? lostAs(released));
      const message = `the command succeeded, but this could not be recorded, so ${name} will run again (--once): ${why}`;
      return { code: codes.lost, level: "error", message };
    }
  }
}

function flawOf(flaw: Flaw, { lease, key }: Once): string {
  const where = `the annotation leader-exec/done of the Lease ${lease}`;
  switch (flaw) {
    case "unreadable":
      return `${where} cannot be read, so nobody knows whether "${key}" was done; repair it, or remove it to begin with an empty one`;
    case "newer":
      return `${where} was written by a newer version of leader-exec; use that one, or another --lease-name`;
    case "full":
      return `${where} has ${mostKeys} keys, and nothing in it is forgotten; use another --lease-name, or --once-ttl for keys to come, or remove the annotation to forget all of them`;
  }
}

function lostAs(released: Released): string {
  return released === "not-released" ? "the Lease could not be written in time" : "the Lease is not ours any more";
}
