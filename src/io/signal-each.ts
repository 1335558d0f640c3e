import type { ProcessStat } from "./proc.ts";
import { sendSignal } from "./send-signal.ts";
import { statNow } from "./tree-kin.ts";

/**
 * Signals one member after the other, and its group as a whole where all of that is ours (`isOurs`): nobody can fork out of
 * that. Makes sure first that the pid still is that process; between two instructions no pid comes round again.
 * `groupDone`: a group that has the signal already.
 */
export function signalEach(
  signal: string,
  groupDone: number | undefined,
  isOurs: (stat: ProcessStat) => boolean,
): (member: ProcessStat) => void {
  const done = new Set<number>(groupDone === undefined ? [] : [groupDone]);
  return ({ pid, startTime }) => {
    const stat = statNow(pid);
    if (stat?.startTime !== startTime || done.has(stat.group)) return;
    const whole = isOurs(stat);
    if (whole) done.add(stat.group);
    sendSignal(whole ? -stat.group : pid, signal);
  };
}
