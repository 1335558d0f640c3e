/**
 * The mark by which a process tree is found again after it has left its process group: the variable LEADER_RUN_ID, which
 * every process inherits. It is a list, because a leader-exec below a leader-exec adds its own id behind the outer ones: so
 * each of them finds all that is below it.
 */

export const runIdVariable = "LEADER_RUN_ID";

/** The list with one more id at its end. `inherited` is what our own environment had, if anything. */
export function withRunId(inherited: string | undefined, runId: string): string {
  return inherited === undefined || inherited === "" ? runId : `${inherited},${runId}`;
}

/**
 * What an environment block (`NAME=value`, each ended by a zero byte, as in /proc/PID/environ) says about a run:
 * `foreign` it does not carry this run's id; `own` it does; `nested` it does, and a leader-exec below that run added
 * another id behind it. Entries are compared whole: an id that merely begins or ends like ours is foreign.
 */
export function markIn(block: Buffer, runId: string): "own" | "nested" | "foreign" {
  const name = `${runIdVariable}=`;
  for (let at = block.indexOf(name); at >= 0; at = block.indexOf(name, at + 1)) {
    if (at > 0 && block[at - 1] !== 0) continue;
    const end = block.indexOf(0, at);
    const ids = block.toString("latin1", at + name.length, end < 0 ? block.length : end).split(",");
    const place = ids.indexOf(runId);
    if (place >= 0) return place === ids.length - 1 ? "own" : "nested";
  }
  return "foreign";
}
