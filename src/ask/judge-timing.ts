/** The times of a candidate against the rules, and against the time that kubelet leaves a pod. Pure. */
import { killMargin, safeShare } from "../core/deadlines.ts";
import type { Millis, Timing } from "../core/types.ts";
import { formatDuration } from "../duration.ts";
import { flagsFor, timingFlaw } from "../timing.ts";
import { note, ok, problem, problemOf, type Finding } from "./finding.ts";

export function judgeTiming(timing: Timing): Finding {
  const flaw = timingFlaw(timing);
  if (flaw !== null) return problemOf("timing", flaw);
  const { leaseDuration, renewDeadline, killAfter } = timing;
  const [needed, safe] = [renewDeadline + killAfter + killMargin, Math.floor(leaseDuration * safeShare)];
  const said = `the command is gone ${formatDuration(needed)} after the last renewal at the latest, of ${formatDuration(safe)} that are safe`;
  return ok("timing", `${flagsFor(timing)}: ${said}`, { neededMillis: needed, safeMillis: safe });
}

/** `grace`: terminationGracePeriodSeconds of our own pod, or why it is not known. */
export function judgeTermination(timing: Timing, grace: Millis | string): Finding {
  const own = `--termination-grace-period ${formatDuration(timing.terminationGracePeriod)}`;
  const least = timing.terminationGracePeriod + killMargin;
  const seconds = Math.ceil(least / 1000);
  if (typeof grace === "string")
    return note(
      "termination",
      `${own}; ${grace}`,
      `see that terminationGracePeriodSeconds of the pod is ${seconds} or more`,
    );
  const facts = { podMillis: grace, ownMillis: timing.terminationGracePeriod };
  const pod = `terminationGracePeriodSeconds of this pod is ${grace / 1000}`;
  if (grace >= least) return ok("termination", `${own}, and ${pod}`, facts);
  return problem(
    "termination",
    `${pod}, so kubelet may kill it before the command had its ${own} and the Lease is released`,
    `give the pod ${seconds} or more, or leader-exec a shorter --termination-grace-period`,
    facts,
  );
}
