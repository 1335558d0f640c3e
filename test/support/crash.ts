import { readFileSync } from "node:fs";
import { until } from "../lab/until.ts";
import { isThere } from "./candidate.ts";
import { childrenOf, killAll } from "./processes.ts";

/**
 * kill -9 of a leader-exec, its guard and its command's group in one: nobody is left who releases its Lease, so others have to wait
 * until it has expired. leader-exec is stopped first, or it would start another guard.
 */
export async function killWithGuard(leader: number): Promise<void> {
  process.kill(leader, "SIGSTOP");
  await until("leader-exec stands still", () => isStopped(leader));
  const children = childrenOf(leader); // each in a session, and so in a group, of its own
  killAll([...children.map((pid) => -pid), leader]);
  await until("all are gone", () => [...children, leader].every((pid) => !isThere(pid)));
}

function isStopped(pid: number): boolean {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return stat.slice(stat.lastIndexOf(")") + 2).startsWith("T");
}
