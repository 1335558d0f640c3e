import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import { Fleet, of } from "./fleet.ts";
import { describeCoordinated } from "./served.ts";

await describeCoordinated("jobs in a coordinated election", (room) => {
  test("--once: who is elected runs the command, and who is elected after its success ends without running it", async (t) => {
    const fleet = await Fleet.open(t, room());
    const once = { args: ["--once", "v1"], env: { PROBE_FOR: "300" } };
    const first = await fleet.coordinated("first", "1.0.0", once);
    assert.equal(await first.code(), 0);
    const second = await fleet.coordinated("second", "1.0.0", once);
    assert.equal(await second.code(), 0);
    assert.ok(fleet.journal.lives().every((life) => of(life, "first")));
    assert.equal(fleet.journal.lives().length, 1);
    assert.deepEqual(await fleet.candidates(), []);
  });

  test("--schedule: who is elected runs the command at its times, and whom the server prefers then goes on with it", async (t) => {
    const fleet = await Fleet.open(t, room());
    const schedule = { args: ["--schedule", "* * * * * *"], env: { PROBE_FOR: "200" } };
    const newer = await fleet.coordinated("newer", "1.1.0", schedule);
    const runs = (name: string) => fleet.journal.lives().filter((life) => of(life, name)).length;
    await until("two runs", () => runs("newer") >= 2, 30_000);
    const older = await fleet.coordinated("older", "1.0.0", schedule);
    await until("two runs of the older", () => runs("older") >= 2, 60_000);
    for (const each of [newer, older]) each.kill("SIGTERM");
    for (const each of [newer, older]) await each.code();
    assert.deepEqual(fleet.journal.overlaps(), []);
  });
});
