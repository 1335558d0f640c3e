/**
 * Wrong cores. Each is the real one with exactly one text replaced in exactly one file (a text that is not found once, because the
 * core was changed, is an error here). The first seven are the list of FAULTS.md; the simulation has to catch every one, judging
 * by what is seen from outside (trees and Leases) alone, unless `insight` says that nothing can be seen there.
 */
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Focus } from "./scenario.ts";
import type { Core } from "./sim.ts";

export interface Mutant {
  readonly name: string;
  /** Relative to src/core; null: what the simulation itself plays is wrong, the loop or the guard. */
  readonly change: { readonly file: string; readonly from: string; readonly to: string } | null;
  /** The loop takes events without a tick before them. */
  readonly tickless?: true;
  /** The guard releases the Lease of a dead leader-exec before the tree is gone. */
  readonly hastyGuard?: true;
  readonly insight?: true;
  readonly focus?: Focus;
  /** Shows only where candidates are jobs. */
  readonly jobs?: true;
  /** Shows only where the server elects. */
  readonly coordinated?: true;
  /** Shows only where candidates are mixed, hands interfere, and one may not write. */
  readonly mixed?: true;
  /** What is wrong is that nothing runs any more: a command that starts late proves it. */
  readonly idle?: true;
  /** Shows only with a schedule. */
  readonly schedule?: true;
  /** Shows only where they run until they have succeeded once. */
  readonly once?: true;
  /** Shows only where holders are asked to step down. */
  readonly stepDown?: true;
}

const change = (
  name: string,
  file: string,
  from: string,
  to: string,
  rest: Pick<
    Mutant,
    "insight" | "focus" | "coordinated" | "mixed" | "idle" | "jobs" | "schedule" | "once" | "stepDown"
  > = {},
): Mutant => ({
  name,
  change: { file, from, to },
  ...rest,
});

export const mutants: readonly Mutant[] = [
  change(
    "validity counts from the answer",
    "renewal.ts",
    "counts ? deadlines(request.sentAt, leftAlone(answer, timing), timing)",
    "counts ? deadlines(turn.at, leftAlone(answer, timing), timing)",
  ),
  change("dead exactly at expiry", "deadlines.ts", "const kill = expiry - killMargin;", "const kill = expiry;"),
  change(
    "starts on a read of our own name",
    "standby.ts",
    "  const view =\n    result.kind",
    `  if (result.kind === "found" && result.lease.record.holder === turn.me.identity)
    return startLeading(state, result, { kind: "acquire", id: 0, sentAt: turn.at, write: { base: null, record: result.lease.record }, from: "own" }, turn);
  const view =
    result.kind`,
  ),
  change(
    "releases before the tree is gone",
    "stopping.ts",
    "return [{ ...state, end: event.end }, []];",
    "return treeGone({ ...state, end: event.end }, turn);",
  ),
  change(
    "releases on a version read, without looking at the holder",
    "releasing.ts",
    "const ours = lease.record.holder === turn.me.identity;",
    'const ours = lease.record.holder !== "";',
  ),
  change(
    "accepts a late answer to an earlier acquire",
    "standby.ts",
    'if (state.request?.kind !== "acquire" || state.request.id !== event.id) return [state, []];',
    'if (state.request?.kind !== "acquire") return [state, []];',
    { focus: { faults: ["fade", "fade", "slow", "loss", "crash"], on: "released" } },
  ),
  change(
    "accepts a late answer to an earlier renewal",
    "renewal.ts",
    "if (request?.id !== event.id) return null;",
    "if (request === null) return null;",
  ),
  change(
    "a standby waits its own, shorter duration",
    "promised.ts",
    "const now = durationOf(record, me);",
    "return me.timing.leaseDuration;\n  const now = durationOf(record, me);",
  ),
  change(
    "a renewal that client-go cannot see moves the deadlines",
    "renewal.ts",
    "const counts = seenByOthers((base ?? hold.lease).record, record);",
    "const counts = base?.record !== record;",
    { focus: { faults: ["cut", "freeze", "fade"], foreign: true } },
  ),
  change(
    "a holder cleared by hand is free at once",
    "election.ts",
    'if (record.holder !== "" || record.markedBy === null) return record.holder === "";',
    'return record.holder === "";',
  ),
  change("a deleted Lease is free at once", "election.ts", "turn.at + promisedUnseen(view, turn.me));", "turn.at);"),
  change(
    "a Lease that was free before it was deleted is free at once",
    "election.ts",
    "turn.at + promisedUnseen(view, turn.me));",
    "turn.at + (isFree(view.lease.record) ? 0 : view.duration));",
    { focus: { faults: ["delete", "slow", "signal", "watch-mute"], on: "acquired" } },
  ),
  change(
    "a conflict with a create is looked at instead of believed, and the command goes on",
    "renewal.ts",
    'if (!isOurs(hold, lease, turn)) return { kind: "lost", holder: lease.record.holder };',
    "",
  ),
  change(
    "a command that stops because the Lease is lost is never killed",
    "stopping.ts",
    "if (state.killing === null && turn.at >= killAt(state)) {",
    'if (state.killing === null && turn.at >= killAt(state) && state.why.kind !== "lost") {',
    { insight: true },
  ),
  change(
    "no pause between conflicts",
    "race.ts",
    "const longestRaceRange: Millis = 500;",
    "const longestRaceRange: Millis = 0;",
  ),
  change(
    "a pause ends by the own time of day",
    "hold-back.ts",
    "return holdUntil <= serverTime ? -Infinity : turn.at + (holdUntil - serverTime) / safeShare;",
    "return holdUntil <= turn.wall ? -Infinity : turn.at + (holdUntil - turn.wall);",
    { jobs: true },
  ),
  change(
    "a pause that a watch tells of is none",
    "hold-back.ts",
    "if (serverTime === null) return known;",
    "if (serverTime === null) return -Infinity;",
    { jobs: true },
  ),
  change(
    "a command that ran too long is never killed",
    "stopping.ts",
    "if (state.killing === null && turn.at >= killAt(state)) {",
    'if (state.killing === null && turn.at >= killAt(state) && state.why.kind !== "overrun") {',
    { jobs: true },
  ),
  change(
    "a limited wait ends only when something else happens",
    "contending.ts",
    "const end = Math.min(startupEnd(state, turn), patienceEnd(turn.me));",
    "const end = startupEnd(state, turn);",
    { jobs: true },
  ),
  change(
    "a success that could not be recorded ends with 0",
    "ending.ts",
    "if (isRecorded(done, ending)) return",
    "if (isRecorded(done, ending) || once !== null) return",
    { once: true },
  ),
  change(
    "a success is recorded by a renewal while the command still runs",
    "renewal-record.ts",
    "done: (base ?? hold.lease).record.done,",
    `done: turn.me.job.once === null ? (base ?? hold.lease).record.done : { kind: "keys", text: null,
      keys: new Map([...((base ?? hold.lease).record.done?.keys ?? []), [turn.me.job.once.hash, { at: 0, until: Infinity }]]) },`,
    { once: true },
  ),
  change(
    "a holder whose Lease is deleted creates it anew without what was recorded",
    "renewal-record.ts",
    "done: (base ?? hold.lease).record.done,",
    "done: base?.record.done ?? null,",
    { once: true },
  ),
  change(
    "an acquisition forgets what was recorded",
    "acquired-record.ts",
    "done: before?.done ?? null,",
    "done: null,",
    { once: true },
  ),
  change("a success takes the place of all others", "done.ts", "until > at);", "until > at && false);", { once: true }),
  change("a failure is recorded as done", "ending.ts", "end.code === 0", "end.code < 2", { once: true }),
  change(
    "a record that cannot be read is written over",
    "done.ts",
    'if (done !== null && done.kind !== "keys") return done;',
    "",
    { once: true },
  ),
  change(
    "a success is forgotten by the own time of day",
    "standby.ts",
    "now: serverTime ?? turn.wall,",
    "now: turn.wall,",
    { once: true },
  ),
  change(
    "the command of a tick starts before the write that records it is confirmed",
    "scheduled.ts",
    "if (hold.stored !== plan.claim)",
    "if (hold.tick !== plan.claim)",
    { schedule: true },
  ),
  change(
    "the last tick on the Lease does not count after an acquisition",
    "schedule.ts",
    "const settled = lastTick ?? turn.wall;",
    "const settled = Math.min(lastTick ?? turn.wall, turn.wall);",
    { schedule: true },
  ),
  change(
    "an acquisition forgets the last tick",
    "acquired-record.ts",
    "lastTick: before?.lastTick ?? null,",
    "lastTick: null,",
    { schedule: true },
  ),
  change(
    "a clock that is set back runs ticks again",
    "schedule.ts",
    "if (turn.wall < plan.next) {",
    "if (turn.wall < plan.next && turn.wall > settled - onTime) {",
    { schedule: true },
  ),
  change(
    "a read that shows the claimed tick starts its command",
    "scheduled.ts",
    "if (hold.stored !== plan.claim)",
    'if (hold.stored !== plan.claim && parseTime(hold.lease.record.lastTick ?? "") !== plan.claim)',
    { schedule: true, insight: true },
  ),
  change(
    "a tick that comes while a command runs starts another one",
    "scheduled.ts",
    'look(plan, command === "idle", schedule, turn)',
    "look(plan, true, schedule, turn)",
    { schedule: true },
  ),
  change(
    "a holder that is asked to step down releases before the tree is gone",
    "leading.ts",
    'if (state.command !== "waiting" && !isIdle(state)) {',
    "if (state.command === null) {",
    { stepDown: true },
  ),
  change(
    "who stepped down contends at once",
    "contending.ts",
    "turn.at < Math.max(state.pauseUntil, state.restUntil))",
    "turn.at < state.pauseUntil)",
    { stepDown: true },
  ),
  change(
    "who stepped down takes back at once what it could not release",
    "contending.ts",
    "turn.at < Math.max(state.pauseUntil, state.restUntil))",
    'turn.at < Math.max(state.pauseUntil, decision.from === "own" ? 0 : state.restUntil))',
    { stepDown: true },
  ),
  change(
    "a release on behalf of a dead holder does not look at the holder",
    "on-behalf.ts",
    "if (uid !== estate.uid || record.holder !== estate.identity || record.markedBy !== estate.identity) return null;",
    "if (uid !== estate.uid) return null;",
    { focus: { faults: ["crash", "crash", "slow", "loss", "signal"] } },
  ),
  change(
    "a release on behalf of a dead holder forgets the pause that its run asked for",
    "on-behalf.ts",
    "return ahead > 0 ? (serverTime ?? wall) + ahead : null;",
    "return null;",
    { focus: { faults: ["crash"], on: "acquired" }, jobs: true },
  ),
  change(
    "a release on behalf of a dead holder forgets what was recorded",
    "on-behalf.ts",
    "const { done, lastTick } = record;",
    "const { lastTick } = record;\n  const done = null;",
    { once: true },
  ),
  change(
    "a command starts on the server's word, without a write of ours",
    "standby.ts",
    "  const view =\n    result.kind",
    `  if (result.kind === "found" && result.lease.record.holder === turn.me.identity)
    return startLeading(state, result, { kind: "acquire", id: 0, sentAt: turn.at, write: { base: null, record: result.lease.record }, from: "own" }, turn);
  const view =
    result.kind`,
    { coordinated: true },
  ),
  change(
    "a holder counts as if the server's clock were its own",
    "server-taker.ts",
    "if (coordination === null) return leaseDuration;",
    "if (coordination === null || leaseDuration > 0) return leaseDuration;",
    { coordinated: true, insight: true },
  ),
  change(
    "a holder to whom another is preferred releases before its tree is gone",
    "leading.ts",
    'if (state.command !== "waiting" && !isIdle(state)) {',
    'if (state.command !== "waiting" && !isIdle(state) && asked.to === null) {',
    { coordinated: true },
  ),
  change(
    "who is named after a deletion starts at once",
    "earlier.ts",
    'if (before.kind === "missing") return before.freeAt;\n  const unseen = turn.at + promisedUnseen(before, turn.me);\n  if (before.lease.uid !== uid)',
    'if (before.kind === "missing") return -Infinity;\n  const unseen = turn.at + promisedUnseen(before, turn.me);\n  if (before.lease.uid !== uid && turn.at < 0)',
    { coordinated: true },
  ),
  change(
    "who is named where a hand cleared the holder starts at once",
    "earlier.ts",
    "const waits = before.reckons ? !isOverThere(before, record) : !before.released;",
    "const waits = !before.reckons && !before.released;",
    { mixed: true },
  ),
  change(
    "who is named where a hand cleared a holder that was never seen starts at once",
    "earlier.ts",
    "if (isUnseen(before, record)) return",
    "if (isUnseen(before, record) && turn.at < 0) return",
    { mixed: true },
  ),
  change(
    "who is elected and cannot confirm it stays a candidate for ever",
    "unconfirmed.ts",
    'return elector.kind === "server" && request === null ? unconfirmed.since + me.timing.renewDeadline : Infinity;',
    "return Infinity;",
    { mixed: true, idle: true },
  ),
  {
    name: "the guard releases before the tree is gone",
    change: null,
    hastyGuard: true,
    focus: { faults: ["crash", "crash", "slow", "loss"] },
  },
  { name: "no tick before an event", change: null, tickless: true, insight: true },
];

/** The core with this mutant's change in it. */
export async function mutantCore({ change: edit, name }: Mutant): Promise<Core | undefined> {
  if (edit === null) return undefined;
  const core = fileURLToPath(new URL("../../src/core/", import.meta.url));
  let replaced = 0;
  const result = await build({
    stdin: {
      contents: 'export * from "./lifecycle.ts"; export { releaseFor } from "./on-behalf.ts";',
      resolveDir: core,
    },
    bundle: true,
    write: false,
    format: "esm",
    plugins: [
      {
        name: "mutant",
        setup: (bundle) => {
          bundle.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
            const text = await readFile(path, "utf8");
            if (path !== core + edit.file) return { contents: text, loader: "ts" };
            const parts = text.split(edit.from);
            if (parts.length !== 2)
              throw new Error(`mutant "${name}": its text is ${parts.length - 1} times in ${edit.file}; write it anew`);
            replaced++;
            return { contents: parts.join(edit.to), loader: "ts" };
          });
        },
      },
    ],
  });
  if (replaced !== 1) throw new Error(`mutant "${name}": ${edit.file} was loaded ${replaced} times`);
  const code = result.outputFiles[0]?.text ?? "";
  return (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as Core;
}
