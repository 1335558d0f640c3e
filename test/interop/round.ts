import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import type { FaultProxy, KubeObject } from "../lab/index.ts";
import { isThere, type Candidate } from "../support/candidate.ts";
import { journalNow, type Journal, type Life } from "../support/journal.ts";
import type { Times } from "./elector.ts";
import type { MixedElection } from "./mixed.ts";
import { killWithGuard } from "../support/crash.ts";

/** `polite`: SIGTERM; `crash`: kill -9, of leader-exec's guard too; `black hole`: nothing gets through between the leader and the API server. */
export type Fault = "polite" | "crash" | "black hole";
export type Direction = "client-go to leader-exec" | "leader-exec to client-go";

/** What one hand-over showed, in milliseconds. */
export interface Figures {
  /** From the fault to the first sign of life of the next leader's work. */
  readonly takeover: number;
  /** From the last sign of life of the old leader's work to the first of the next; negative: both were at work. */
  readonly margin: number;
}

export interface Round {
  readonly election: MixedElection;
  readonly proxy: FaultProxy;
  readonly fault: Fault;
  readonly direction: Direction;
  readonly number: number;
  /** Of the client-go candidate. */
  readonly times: Times;
}

/** One hand-over from a candidate of one kind to one of the other, and the way back to a free Lease. */
export async function handOver(round: Round): Promise<Figures> {
  const { election, proxy, fault } = round;
  const journal = election.newJournal();
  const toLeaderExec = round.direction === "client-go to leader-exec";
  const [first, second] = toLeaderExec
    ? [() => clientGo(round, journal, proxy), () => leaderExec(round, journal)]
    : [() => leaderExec(round, journal, proxy), () => clientGo(round, journal)];

  const old = await first();
  const life = await journal.start(1);
  const before = await election.read();
  check(before, life, !toLeaderExec);
  const next = await second();
  await next.standsBy();
  // Not always just after a renewal: crashes come at any time.
  if (fault !== "polite") await pause((round.number * 97) % 500);
  const at = journalNow();
  if (fault === "polite") old.kill("SIGTERM");
  if (fault === "crash") await old.crash();
  if (fault === "black hole") proxy.blackhole();

  const successor = await journal.start(2);
  const after = await election.read();
  const { code } = await old.exited;
  if (fault === "black hole") await proxy.heal();
  check(after, successor, toLeaderExec);
  const transitions = (object: KubeObject): number => object.spec?.leaseTransitions ?? NaN;
  assert.equal(transitions(after), transitions(before) + 1, "each change of hands counts once");
  if (!toLeaderExec) {
    const mark = fault === "polite" ? undefined : life.identity;
    assert.equal(after.metadata?.annotations?.["leader-exec/holder"], mark, "client-go keeps what it does not know");
    assert.equal(code, { polite: 0, crash: null, "black hole": 75 }[fault], "leader-exec's exit code");
    assert.ok(!isThere(life.pid), "the command of leader-exec is gone");
  }
  next.kill("SIGTERM");
  assert.deepEqual(await next.exited, { code: 0, signal: null });
  assert.equal((await election.read()).spec?.holderIdentity, "", "released at the end");

  const [ended] = journal.lives();
  assert.ok(ended);
  return { takeover: successor.first - at, margin: successor.first - ended.last };
}

interface Contender {
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  kill(signal: NodeJS.Signals): void;
  crash(): Promise<void>;
  standsBy(): Promise<unknown>;
}

async function clientGo(round: Round, journal: Journal, proxy?: FaultProxy): Promise<Contender> {
  const { election, number, times } = round;
  return election.clientGo(journal, `go-${number}`, { times, ...(proxy ? { proxy } : {}) });
}

async function leaderExec(round: Round, journal: Journal, proxy?: FaultProxy): Promise<Contender> {
  const name = `node-${round.number}`;
  const candidate: Candidate = await round.election.leaderExec(journal, name, proxy ? { proxy } : {});
  return {
    exited: candidate.exited,
    kill: (signal) => candidate.kill(signal),
    crash: () => killWithGuard(candidate.pid),
    standsBy: () => candidate.says(/^standing by/),
  };
}

/** Five fields, never null, six digits; the mark is there in terms of leader-exec, and equals its name. */
function check(object: KubeObject, life: Life, byLeaderExec: boolean): void {
  const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = object.spec ?? {};
  assert.equal(holderIdentity, life.identity);
  assert.ok(Number.isInteger(leaseDurationSeconds) && Number.isInteger(leaseTransitions));
  for (const time of [acquireTime, renewTime]) assert.match(time ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  const mark = object.metadata?.annotations?.["leader-exec/holder"];
  assert.equal(mark === holderIdentity, byLeaderExec);
}
