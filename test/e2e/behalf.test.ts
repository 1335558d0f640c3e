/** What becomes of the Lease when leader-exec itself dies: its guard releases it, and nobody else does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import { isThere, leaseSpan, type Candidate, type Candidates } from "../support/candidate.ts";
import { killWithGuard } from "../support/crash.ts";
import { journalNow } from "../support/journal.ts";
import { childrenOf } from "../support/processes.ts";
import { onEachStore } from "./stores.ts";

/** As long as by default: who does not wait for its end is told at once. */
const longTimes = "--lease-duration 60s --renew-deadline 40s --retry-period 8s --kill-after 3s".split(" ");
const released = /^acquired the Lease: it was free/;
const expired = /^acquired the Lease: its holder let it expire/;

async function holderAndStandby(candidates: Candidates, args: readonly string[], env = {}, lives = 1) {
  const holder = candidates.start({ args, env });
  await candidates.journal.start(lives);
  await holder.says(/^started the command/);
  const standby = candidates.start({ args });
  await standby.says(/^standing by/);
  return { holder, standby };
}

/** Nobody is left of the holder's processes. */
const allGone = (pids: readonly number[]) => until("all its processes are gone", () => !pids.some(isThere));

async function end(candidate: Candidate): Promise<void> {
  candidate.kill("SIGTERM");
  assert.equal(await candidate.code(), 0);
}

await onEachStore("the Lease of a leader-exec that died", (newCandidates) => {
  test("kill -9: its guard kills all that it ran, then releases the Lease, and says so; the next one does not wait", async (t) => {
    const candidates = await newCandidates(t);
    // Its command has a process in another session that ignores SIGTERM.
    const { holder, standby } = await holderAndStandby(candidates, longTimes, { PROBE_DAEMON: "yes" }, 2);
    const before = candidates.journal.lives().map(({ pid }) => pid);
    const guards = childrenOf(holder.pid);
    holder.kill("SIGKILL");
    const next = await candidates.journal.start(3);
    await standby.says(released);
    assert.deepEqual(candidates.journal.overlaps(), []);
    assert.ok(candidates.journal.lives().every(({ pid, last }) => !before.includes(pid) || last < next.first));
    await allGone([...before, ...guards]);
    const { message } = await holder.says(/^leader-exec \(pid \d+\) died/);
    assert.match(message, new RegExp(`\\(pid ${holder.pid}\\) died, and its guard .* released the Lease`));
    assert.equal(holder.stdout, "");
    await end(standby);
  });

  test("with -q the guard releases too, and nobody says anything", async (t) => {
    const candidates = await newCandidates(t);
    const holder = candidates.start({ args: [...longTimes, "-q"] });
    const life = await candidates.journal.start(1);
    const standby = candidates.start({ args: longTimes });
    await standby.says(/^standing by/);
    holder.kill("SIGKILL");
    await standby.says(released);
    await allGone([life.pid]);
    await holder.exited;
    await candidates.journal.start(2);
    assert.equal(holder.stderr, "");
    await end(standby);
  });

  test("guard and all killed with it: nobody releases, and the standby waits until the Lease has expired", async (t) => {
    const candidates = await newCandidates(t);
    const { holder, standby } = await holderAndStandby(candidates, []);
    await killWithGuard(holder.pid);
    const killed = journalNow();
    await standby.says(expired);
    const next = await candidates.journal.start(2);
    assert.ok(next.first > killed + leaseSpan / 2, "not before its lease is over");
    assert.deepEqual(candidates.journal.overlaps(), []);
    await end(standby);
  });

  test("a leader-exec that is only frozen has its command killed at the deadline, and its Lease is not released", async (t) => {
    const candidates = await newCandidates(t);
    const { holder, standby } = await holderAndStandby(candidates, []);
    const guards = childrenOf(holder.pid);
    holder.kill("SIGSTOP");
    await allGone(guards); // the command, and the guard when its work was done
    holder.kill("SIGKILL");
    await standby.says(expired);
    await candidates.journal.start(2);
    assert.deepEqual(candidates.journal.overlaps(), []);
    await end(standby);
  });

  test("kill -9 of a standby changes nothing for the holder", async (t) => {
    const candidates = await newCandidates(t);
    const { holder, standby } = await holderAndStandby(candidates, []);
    const [life] = candidates.journal.lives();
    const guards = childrenOf(standby.pid);
    standby.kill("SIGKILL");
    await allGone(guards);
    await standby.exited;
    assert.ok(life && isThere(life.pid));
    assert.ok(standby.records().every(({ message }) => !message.includes("died")));
    await end(holder);
    assert.equal(candidates.journal.lives().length, 1);
  });

  test("the pause of --hold-at-least is kept by the guard's release", async (t) => {
    const candidates = await newCandidates(t);
    const hold = ["--hold-at-least", "8s"];
    const before = journalNow();
    const { holder, standby } = await holderAndStandby(candidates, [...longTimes, ...hold]);
    holder.kill("SIGKILL");
    await standby.says(released);
    const next = await candidates.journal.start(2);
    assert.ok(next.first > before + 8_000, "not before the pause is over, which began with the acquisition");
    await end(standby);
  });
});
