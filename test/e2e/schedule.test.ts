import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import type { Candidate, Candidates } from "../support/candidate.ts";
import { killWithGuard } from "../support/crash.ts";
import type { Life } from "../support/journal.ts";
import { onEachStore } from "./stores.ts";

const everySecond = ["--schedule", "* * * * * *"];
const quick = { PROBE_FOR: "50" };

const ticksOf = (lives: readonly Life[]): string[] => lives.map(({ tick }) => tick);
const holderOf = (all: readonly Candidate[], { identity }: Life): Candidate =>
  all.find((each) => each.records().some((record) => record.identity === identity)) ?? assert.fail("nobody leads");

/** Each tick at most once, in order, one at a time, with tokens that grow. */
function assertOnce({ journal }: Candidates): void {
  const lives = journal.lives();
  const ticks = ticksOf(lives);
  assert.ok(
    ticks.every((tick) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(tick)),
    ticks.join(),
  );
  assert.deepEqual([...new Set(ticks)].sort(), ticks);
  const tokens = lives.map(({ token }) => Number(token));
  assert.deepEqual(
    [...new Set(tokens)].sort((a, b) => a - b),
    tokens,
  );
  assert.deepEqual(journal.overlaps(), []);
}

await onEachStore("a schedule", (newCandidates) => {
  test("every tick runs once, with its time and a token that grows, over a kill -9 and a SIGTERM of the leader", async (t) => {
    const candidates = await newCandidates(t);
    const all = [0, 1, 2].map(() => candidates.start({ args: everySecond, env: quick }));
    const { journal } = candidates;
    const runs = (count: number): Promise<Life> => journal.start(count, 60_000);
    const crashed = holderOf(all, await runs(2));
    await killWithGuard(crashed.pid); // nobody releases its Lease, so ticks are missed
    const afterCrash = await until(
      "somebody else runs ticks",
      () => {
        const [first, ...later] = journal.lives();
        return later.findLast(({ identity }) => identity !== first?.identity);
      },
      60_000,
    );
    const second = holderOf(all, afterCrash);
    second.kill("SIGTERM");
    assert.ok([0, 143].includes((await second.code()) ?? -1), second.stderr); // idle, or while the probe ran
    await until(
      "the third runs ticks",
      () => new Set(journal.lives().map(({ identity }) => identity)).size === 3,
      60_000,
    );
    await runs(journal.lives().length + 2);
    assertOnce(candidates);
    assert.ok(
      all.some(({ stderr }) => /missed \d+ ticks|missed the tick/.test(stderr)),
      "ticks without a leader are told",
    );
  });

  test("ticks that come while a command runs are skipped; a failed one is told and counted, and the next one runs", async (t) => {
    const candidates = await newCandidates(t);
    const leader = candidates.start({ args: everySecond, env: { PROBE_FOR: "2500", PROBE_EXIT: "3" } });
    await candidates.journal.start(3, 60_000);
    await leader.says(/^skipped .*: the command of an earlier one was still running$/);
    await leader.says(/^the tick .* failed: the command exited with code 3 \(2 of 2 runs failed\); the next one runs$/);
    leader.kill("SIGTERM");
    assert.equal(await leader.code(), 3); // what the command ended with when it was told to stop
    assertOnce(candidates);
  });

  test("--max-run stops the command of a tick, 124 is told, and the next tick runs", async (t) => {
    const candidates = await newCandidates(t);
    const args = ["--schedule", "*/3 * * * * *", "--max-run", "500ms"];
    const leader = candidates.start({ args, env: { PROBE_IGNORES: "yes" } });
    await candidates.journal.start(2, 60_000);
    const { exitCode } = await leader.says(
      /failed: the command ran longer than 500ms \(--max-run\) and was stopped: it died of SIGKILL/,
    );
    assert.equal(exitCode, 124);
    assertOnce(candidates);
  });

  test("--catch-up last runs the last tick that nobody was there for, at once", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ args: everySecond, env: quick });
    await candidates.journal.start(1, 60_000);
    first.kill("SIGTERM");
    await first.exited;
    const stopped = Date.now();
    await until("some ticks have passed", () => Date.now() - stopped > 3_500, 60_000);
    const second = candidates.start({ args: [...everySecond, "--catch-up", "last"], env: quick });
    const { message } = await second.says(/^missed (more than )?\d+ ticks?/);
    assert.match(message, /runs now$/);
    await candidates.journal.start(candidates.journal.lives().length + 2, 60_000);
    assertOnce(candidates);
  });

  test("a leader that is told to stop while it waits for a tick releases at once and ends with 143", async (t) => {
    const candidates = await newCandidates(t);
    const yearly = ["--schedule", "0 0 29 2 *", "--time-zone", "Europe/Berlin"];
    const leader = candidates.start({ args: yearly });
    await leader.says(/^leading: the next tick is \d{4}-02-2[89]T/);
    const [line] = leader.records();
    assert.match(line?.message ?? "", /schedule "0 0 29 2 \*" in Europe\/Berlin, next tick \d{4}-02-28T23:00:00Z$/);
    const next = candidates.start({ args: yearly });
    await next.says(/^standing by/);
    leader.kill("SIGTERM");
    assert.equal(await leader.code(), 143);
    assert.match(
      leader.records().at(-1)?.message ?? "",
      /^stopped by SIGTERM while no command ran; the Lease is released$/,
    );
    await next.says(/^acquired the Lease: it was free/);
    assert.equal(candidates.journal.lives().length, 0);
  });
});
