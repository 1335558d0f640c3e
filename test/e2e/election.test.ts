import assert from "node:assert/strict";
import { test } from "node:test";
import { isThere, type Candidate } from "../support/candidate.ts";
import { until } from "../lab/index.ts";
import { onEachStore } from "./stores.ts";

await onEachStore("an election", (newCandidates) => {
  test("three candidates: one runs the command, a polite stop hands it over, nobody runs it twice at once", async (t) => {
    const candidates = await newCandidates(t);
    const all = [0, 1, 2].map(() => candidates.start({ env: { PROBE_CLEANUP: "200" } }));
    for (const nth of [1, 2, 3]) {
      const life = await candidates.journal.start(nth);
      const holder = await until("its candidate says that it started it", () => all.find(saysStart(life.pid)));
      holder.kill("SIGTERM");
      assert.deepEqual(await holder.exited, { code: 0, signal: null });
    }
    assert.deepEqual(candidates.journal.overlaps(), []);
    const lives = candidates.journal.lives();
    assert.equal(lives.length, 3);
    const tokens = lives.map(({ token }) => BigInt(token));
    assert.ok(
      tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? 0n)),
      tokens.join(" < "),
    );
    for (const life of lives) assert.deepEqual(life.signals, ["SIGTERM"]);
  });

  test("what the command leaves in another session is gone before the next one starts", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ env: { PROBE_DAEMON: "yes", PROBE_FOR: "1500", PROBE_EXIT: "3" } });
    await candidates.journal.start(2); // the daemon
    const second = candidates.start();
    const next = await candidates.journal.start(3);
    assert.equal(await first.code(), 3);
    const [, daemon] = candidates.journal.lives();
    assert.ok(daemon && daemon.last < next.first, "the daemon's last sign of life is older");
    assert.ok(!isThere(daemon.pid));
    assert.deepEqual(candidates.journal.overlaps(), []);
    second.kill("SIGTERM");
    await second.exited;
  });

  test("a command that ignores SIGTERM is killed when its grace is over, and the Lease is released after that", async (t) => {
    const candidates = await newCandidates(t);
    const args = ["--termination-grace-period", "1s"];
    const first = candidates.start({ args, env: { PROBE_IGNORES: "yes" } });
    await candidates.journal.start(1);
    const second = candidates.start();
    await second.says(/^standing by/);
    first.kill("SIGTERM");
    assert.deepEqual(await first.exited, { code: 137, signal: null });
    await candidates.journal.start(2);
    await second.says(/^acquired the Lease: it was free/); // it did not wait for the lease to expire
    assert.deepEqual(candidates.journal.overlaps(), []);
    second.kill("SIGTERM");
    await second.exited;
  });

  test("a holder that is frozen beyond its lease: the guard kills the command, the next one starts, it ends with 75", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start();
    await candidates.journal.start(1);
    const second = candidates.start();
    await second.says(/^standing by/);
    first.kill("SIGSTOP");
    const next = await candidates.journal.start(2);
    assert.ok((candidates.journal.lives()[0]?.last ?? Infinity) < next.first);
    first.kill("SIGCONT");
    assert.equal(await first.code(), 75);
    assert.deepEqual(candidates.journal.overlaps(), []);
    second.kill("SIGTERM");
    await second.exited;
  });

  test("a standby that is told to stop ends at once with 128 + n", async (t) => {
    const candidates = await newCandidates(t);
    candidates.start();
    await candidates.journal.start(1);
    for (const [signal, code] of [
      ["SIGTERM", 143],
      ["SIGINT", 130],
      ["SIGHUP", 129],
      ["SIGQUIT", 131],
    ] as const) {
      const standby = candidates.start();
      await standby.says(/^standing by/);
      standby.kill(signal);
      assert.deepEqual(await standby.exited, { code, signal: null });
      assert.match(standby.records().at(-1)?.message ?? "", new RegExp(`^stopped by ${signal} while standing by`));
    }
    assert.equal(candidates.journal.lives().length, 1);
  });

  test("a command that ends by itself ends leader-exec with its code, and the next candidate runs at once", async (t) => {
    const candidates = await newCandidates(t);
    const first = candidates.start({ env: { PROBE_FOR: "1500", PROBE_EXIT: "42" } });
    await candidates.journal.start(1);
    const second = candidates.start({ env: { PROBE_FOR: "0", PROBE_EXIT: "7" } });
    assert.equal(await first.code(), 42);
    assert.equal(await second.code(), 7);
    await second.says(/^acquired the Lease: it was free/); // it did not wait for the lease to expire
    assert.equal(candidates.journal.lives().length, 2);
    assert.deepEqual(candidates.journal.overlaps(), []);
  });
});

const saysStart = (pid: number) => (candidate: Candidate) =>
  candidate.records().some(({ message }) => message.endsWith(`as pid ${pid}`));
