import assert from "node:assert/strict";
import { test } from "node:test";
import { leaseSpan } from "../support/candidate.ts";
import { onEachStore } from "./stores.ts";
import { killWithGuard } from "../support/crash.ts";

const quick = { PROBE_FOR: "50" };

await onEachStore("a job", (newCandidates) => {
  test("--nonblock ends at once while somebody holds the Lease: one line with holder and age, or none with -q and -E", async (t) => {
    const candidates = await newCandidates(t);
    const holder = candidates.start();
    const { identity } = await candidates.journal.start(1);
    const second = candidates.start({ args: ["--nonblock"] });
    assert.equal(await second.code(), 1);
    const [line, ...more] = second.records();
    assert.deepEqual(more, []);
    assert.match(line?.message ?? "", /^the command was not run: .+ has held the Lease for [\d.]+m?s now$/);
    assert.ok(line?.message.includes(identity) && line.level === "warn" && line.exitCode === 1);
    const third = candidates.start({ args: ["-q", "--wait", "0", "-E", "0"] });
    assert.equal(await third.code(), 0);
    assert.equal(third.stderr, "");
    const fourth = candidates.start({ args: ["-q", "--nonblock"] });
    assert.equal(await fourth.code(), 1);
    assert.match(fourth.stderr, /has held the Lease/); // nobody said that a conflict is fine
    assert.equal(candidates.journal.lives().length, 1);
    holder.kill("SIGTERM");
    await holder.exited;
    const last = candidates.start({ args: ["--nonblock"], env: quick });
    assert.equal(await last.code(), 0);
    assert.equal(last.stderr, ""); // a job that runs well says nothing
  });

  test("what cron starts again and again after a crash runs once the crashed holder's lease is over", async (t) => {
    const candidates = await newCandidates(t);
    const crashed = candidates.start();
    await candidates.journal.start(1);
    await killWithGuard(crashed.pid);
    await crashed.exited;
    let conflicts = 0;
    for (; candidates.journal.lives().length < 2; conflicts++) {
      const job = candidates.start({ args: ["--nonblock"], env: quick });
      assert.ok([0, 1].includes((await job.code()) ?? -1), job.stderr);
    }
    const [first, second] = candidates.journal.lives();
    assert.ok(first && second && second.first > first.last + leaseSpan / 2, "not before the lease is over");
    assert.ok(conflicts > 1, "at first the record looked alive");
    assert.deepEqual(candidates.journal.overlaps(), []);
  });

  test("--wait gives up on time with the code asked for, and runs when the Lease becomes free before", async (t) => {
    const candidates = await newCandidates(t);
    const holder = candidates.start();
    await candidates.journal.start(1);
    const short = candidates.start({ args: ["-w", "3s", "-E", "9"] });
    assert.equal(await short.code(), 9);
    assert.match(short.stderr, /was not free within 3s \(--wait\): .+ has held the Lease for/);
    const long = candidates.start({ args: ["--wait", "1m", "-v"], env: quick });
    await long.says(/^standing by/);
    holder.kill("SIGTERM");
    assert.equal(await long.code(), 0);
    assert.equal(candidates.journal.lives().length, 2);
    assert.deepEqual(candidates.journal.overlaps(), []);
  });

  test("--hold-at-least: nobody runs for the rest of the time, leader-exec itself ends at once", async (t) => {
    const candidates = await newCandidates(t);
    const hosts = [0, 1, 2].map(() => candidates.start({ args: ["--nonblock", "--hold-at-least", "10s"], env: quick }));
    const codes = await Promise.all(hosts.map((host) => host.code()));
    assert.deepEqual(codes.sort(), [0, 1, 1]);
    const late = candidates.start({ args: ["--nonblock"], env: quick });
    assert.equal(await late.code(), 1);
    assert.match(late.stderr, /nobody runs for another [\d.]+s \(--hold-at-least\)/);
    const waiting = candidates.start({ env: quick });
    assert.equal(await waiting.code(), 0);
    await waiting.says(/^standing by: the last run was so short/);
    const lives = candidates.journal.lives();
    assert.equal(lives.length, 2);
    assert.ok((lives[1]?.first ?? 0) - (lives[0]?.first ?? 0) > 9_900, "the pause was kept");
  });

  test("--max-run: stop signal, then SIGKILL, exit 124, and nobody else runs before the tree is gone", async (t) => {
    const candidates = await newCandidates(t);
    const polite = candidates.start({ args: ["--max-run", "3s"], env: { PROBE_CLEANUP: "200" } });
    const life = await candidates.journal.start(1);
    const second = candidates.start({ args: ["--max-run", "3s"], env: { PROBE_IGNORES: "yes" } });
    assert.equal(await polite.code(), 124);
    assert.match(
      polite.records().at(-1)?.message ?? "",
      /^the command ran longer than 3s \(--max-run\) and was stopped: it exited with code 0; the Lease is released$/,
    );
    assert.deepEqual((await candidates.journal.signal(life.pid, "SIGTERM")).signals, ["SIGTERM"]);
    assert.equal(await second.code(), 124);
    assert.match(second.records().at(-1)?.message ?? "", /it died of SIGKILL; the Lease is released$/);
    assert.deepEqual(candidates.journal.overlaps(), []);
  });
});
