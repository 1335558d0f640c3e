import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { folderOf } from "../support/candidate.ts";
import { until } from "../lab/index.ts";
import { plan, temper } from "./plan.ts";
import { Witness } from "./witness.ts";

const probe = join(import.meta.dirname, "probe.cjs");

/** A command as leader-exec would start it. */
function command(t: TestContext, folder: string, identity: string, token: number) {
  const child = spawn(process.execPath, [probe], {
    env: { SOAK_LIVES: folder, LEADER_IDENTITY: identity, LEADER_FENCING_TOKEN: String(token) },
    stdio: "ignore",
  });
  t.after(() => child.kill("SIGKILL"));
  return child;
}

const lookUntil = (witness: Witness, what: string, fact: () => boolean) =>
  until(what, () => {
    witness.look();
    return fact();
  });

void test("the same seed gives the same faults and the same commands, another one others", () => {
  assert.deepEqual(plan(7, 600_000, 3), plan(7, 600_000, 3));
  assert.notDeepEqual(plan(7, 600_000, 3), plan(8, 600_000, 3));
  assert.deepEqual(temper(7, 1, 2, 3), temper(7, 1, 2, 3));
  const commands = Array.from({ length: 200 }, (_, nth) => temper(7, 0, 0, nth));
  assert.ok(commands.some(({ leavesDaemon, ignoresTerm }) => leavesDaemon && !ignoresTerm));
});

void test("a longer soak begins like a shorter one, and every kind of fault comes", () => {
  const [long, short] = [plan(1, 1_200_000, 3), plan(1, 600_000, 3)];
  assert.deepEqual(
    long.filter(({ at }) => at < 600_000),
    short,
  );
  assert.equal(new Set(long.map(({ kind }) => kind)).size, 14);
});

void test("two commands one after the other are one change and no overlap, and their files go when they are dead", async (t) => {
  const witness = new Witness(folderOf(t));
  const first = command(t, witness.folder, "a", 9);
  await lookUntil(witness, "a is there", () => witness.present?.identity === "a");
  first.kill("SIGTERM");
  await once(first, "exit");
  const second = command(t, witness.folder, "b", 10);
  await lookUntil(witness, "b is there", () => witness.present?.identity === "b");
  assert.equal(witness.changes, 1);
  second.kill("SIGKILL");
  await once(second, "exit");
  await lookUntil(witness, "b is gone", () => witness.present === undefined);
  assert.deepEqual(witness.findings, { overlaps: [], tokens: [] });
  assert.deepEqual(readdirSync(witness.folder), []);
});

void test("two commands at once are an overlap, and a token that does not grow is told", async (t) => {
  const witness = new Witness(folderOf(t));
  command(t, witness.folder, "a", 10);
  await lookUntil(witness, "a is there", () => witness.present?.identity === "a");
  command(t, witness.folder, "b", 9);
  await lookUntil(witness, "the overlap is seen", () => witness.findings.overlaps.length === 1);
  assert.match(witness.findings.overlaps[0] ?? "", /^b \(token 9\) after a \(token 10\)/);
  assert.equal(witness.findings.tokens.length, 1);
});
