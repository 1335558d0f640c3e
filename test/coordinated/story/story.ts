import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { AuditEntry } from "../../lab/index.ts";
import type { Sign } from "../../support/journal.ts";
import { coordinator, holderOf } from "../history.ts";

/** One message between a candidate and the server, the begin or end of a command, or a signal to it; `at`: seconds since the scene began. */
export type Step =
  | { readonly at: number; readonly who: string; readonly way: "to" | "from"; readonly text: string }
  | { readonly at: number; readonly who: string; readonly command: "begins" | "ends" }
  | { readonly at: number; readonly who: string; readonly signal: string };

export interface Scene {
  readonly title: string;
  readonly steps: readonly Step[];
}

/** What docs/coordinated.svg shows, as it was recorded. */
export interface Story {
  readonly kubernetes: string;
  readonly day: string;
  readonly scenes: readonly Scene[];
}

export const storyFile = join(import.meta.dirname, "story.json");
export const drawingFile = join(import.meta.dirname, "..", "..", "..", "docs", "coordinated.svg");
export const readStory = (): Story => JSON.parse(readFileSync(storyFile, "utf8")) as Story;

/** The name that a candidate was started with. */
const nameOf = (identity: string): string => identity.replace(/_[^_]*$/, "");

/** What belongs to a scene: times of day in milliseconds. `wall`: how far the journal's clock is behind that. */
export interface Span {
  readonly from: number;
  readonly until: number;
  readonly wall: number;
}

/** The steps of one scene, from the audit log and the commands' own journal. */
export function stepsOf(entries: readonly AuditEntry[], signs: readonly Sign[], { from, until, wall }: Span): Step[] {
  const isIn = ({ at }: { at: number }): boolean => at >= from && at < until;
  const identities = new Map(signs.map(({ pid, identity }) => [pid, identity ?? ""] as const).filter(([, id]) => id));
  const lastOf = (pid: number): number => signs.findLast((sign) => sign.pid === pid)?.at ?? 0;
  const commands = [...identities].flatMap(([pid, identity]): Step[] => {
    const who = nameOf(identity);
    const begin = signs.find((sign) => sign.pid === pid)?.at ?? 0;
    return [
      { at: begin + wall, who, command: "begins" },
      { at: lastOf(pid) + wall, who, command: "ends" },
    ];
  });
  const told = signs
    .filter(({ signal }) => signal !== undefined)
    .map(({ at, pid, signal }): Step => ({
      at: at + wall,
      who: nameOf(identities.get(pid) ?? ""),
      signal: signal ?? "",
    }));
  // The holder of a release is the one before it, so repeats are looked for in all of the history.
  const messages = withoutRepeats(entries.flatMap(messageOf));
  const all = [...messages, ...commands, ...told].filter(isIn).sort((a, b) => a.at - b.at);
  const running = (step: Step): boolean => !("command" in step && step.command === "ends" && step.at > until - 100);
  const begin = all[0]?.at ?? from;
  return all.filter(running).map((step) => ({ ...step, at: Math.round(step.at - begin) / 1000 }));
}

function messageOf(entry: AuditEntry): Step[] {
  const { at, resource, verb, user, name, requestObject } = entry;
  const byServer = user === coordinator;
  const way = byServer ? "from" : "to";
  if (resource === "leasecandidates") {
    const texts: Record<string, string> = {
      create: `LeaseCandidate, version ${String(requestObject?.spec?.["binaryVersion"])}`,
      update: byServer ? "LeaseCandidate: pingTime" : "LeaseCandidate: renewTime",
      delete: "LeaseCandidate deleted",
    };
    return [{ at, who: nameOf(name), way, text: texts[verb] ?? verb }];
  }
  const { preferredHolder, leaseDurationSeconds = 0 } = requestObject?.spec ?? {};
  const holder = holderOf(entry);
  const more = preferredHolder ? `preferred "${nameOf(preferredHolder)}"` : `${leaseDurationSeconds ?? 0} s`;
  return [{ at, who: nameOf(holder), way, text: `Lease: holder "${nameOf(holder)}", ${more}` }];
}

/** Renewals that say the same as the message before them of the same candidate are left out; a release is its last holder's. */
function withoutRepeats(steps: readonly Step[]): Step[] {
  const kept: Step[] = [];
  let holder = "";
  for (const step of steps) {
    if (!("text" in step)) {
      kept.push(step);
      continue;
    }
    const isLease = step.text.startsWith("Lease:");
    const named = isLease && step.who === "" ? { ...step, who: holder } : step;
    if (isLease && step.who !== "") holder = step.who;
    const before = kept.findLast((each) => "text" in each && each.who === named.who);
    if (before === undefined || !("text" in before) || before.text !== named.text || before.way !== named.way)
      kept.push(named);
  }
  return kept;
}
