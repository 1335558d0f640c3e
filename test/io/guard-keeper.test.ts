import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { GuardKeeper } from "../../src/io/guard-keeper.ts";
import { until } from "../support/processes.ts";

const anHour = 3_600_000;

/** A guard that is ready when it is called, and answers no deadline that counts. */
function keeperOfDumbGuard(t: TestContext, lost: (message: string) => void) {
  const folder = mkdtempSync(join(tmpdir(), "leader-exec-test-"));
  const called = join(folder, "called");
  const program = `
    const answer = (number) => {
      require("node:fs").writeSync(1, "ok " + number + "\\n");
      if (number < 0) require("node:fs").writeFileSync(${JSON.stringify(called)}, "");
    };
    require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
      const [kind, number] = line.split(" ");
      if (kind === "deadline" && number <= 0) answer(number);
    });`;
  const keeper = new GuardKeeper(["-e", program], () => [], lost);
  t.after(() => {
    keeper.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return { keeper, called };
}

void test("a start does not wait for a guard that has answered since it was roused, and hears when that one fails after all", async (t) => {
  let lost: string | null = null;
  const { keeper, called } = keeperOfDumbGuard(t, (message) => (lost = message));
  keeper.prepare();
  keeper.rouse();
  await until(() => existsSync(called), "the guard has answered");
  for (let turns = 0; turns < 5; turns++) await turn(); // the answer was in the pipe before
  assert.equal(await keeper.arm(performance.now() + anHour, null), null);
  assert.equal(lost, null);
  await until(() => lost !== null, "neither this guard nor the next ones confirm the deadline");
});

void test("a start waits for a guard that was not roused, or has not answered that", async (t) => {
  const { keeper } = keeperOfDumbGuard(t, () => undefined);
  keeper.prepare();
  assert.match((await keeper.arm(performance.now() + anHour, null)) ?? "", /no guard can be kept running/);
});
