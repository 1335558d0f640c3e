import { setTimeout as pause } from "node:timers/promises";
import { until } from "../lab/index.ts";
import type { Candidate } from "../support/candidate.ts";
import type { Life } from "./oracle.ts";
import type { Cast, Scene } from "./scene.ts";

/** Three candidates that are started again whenever they end; resolves when one leads and the others stand by. */
export async function trio(scene: Scene, castOf: (nth: number) => Cast = () => ({})): Promise<Life> {
  for (const nth of [0, 1, 2]) scene.supervise(castOf(nth));
  const life = await scene.settles();
  const leader = scene.candidateOf(life);
  await until("the others stand by", () => scene.candidates.every((each) => each === leader || standsBy(each)), 30_000);
  return life;
}

const standsBy = (candidate: Candidate): boolean =>
  candidate.records().some(({ message }) => message.startsWith("standing by"));

/** Does something again and again for a time. */
export async function repeatFor(span: number, every: number, action: () => Promise<unknown>): Promise<void> {
  for (const end = performance.now() + span; performance.now() < end;) {
    await action();
    await pause(every);
  }
}

/** Notes whether the command that ran before a trouble still does; whichever it is, one runs in the end. */
export async function lookAfter(scene: Scene, life: Life, since: number): Promise<void> {
  const now = await scene.settles();
  if (now.pid === life.pid) scene.notes.push("command lived on");
  else {
    const begun = scene.oracle.roots().find(({ first }) => first > since)?.first ?? now.first;
    scene.recoveries.push(begun - since);
  }
}
