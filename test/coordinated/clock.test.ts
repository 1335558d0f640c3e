import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { FakeClock } from "../faults/fake-clock.ts";
import { until } from "../lab/index.ts";
import { Fleet, of } from "./fleet.ts";
import { describeCoordinated } from "./served.ts";

await describeCoordinated("clocks", (room) => {
  test("a clock that is more than 3 s from the server's: always does not take part and tells the figure, auto elects plainly", async (t) => {
    const fleet = await Fleet.open(t, room());
    const clock = new FakeClock(t);
    clock.stepWall(-8_000);
    const env = clock.env;
    const strict = await fleet.coordinated("strict", "1.0.0", { env, args: ["--startup-timeout", "3s"] });
    await strict.says(/clock.* [78](\.\d)?s/);
    assert.deepEqual(await fleet.candidates(), []);
    strict.kill("SIGTERM");
    await strict.code();
    const lenient = await fleet.coordinated("lenient", "1.0.0", { env, args: ["--coordinated=auto"] });
    await fleet.leads("lenient");
    lenient.kill("SIGTERM");
    assert.equal(await lenient.code(), 0);
    assert.deepEqual(fleet.journal.overlaps(), []);
  });

  describe("set while it leads", { concurrency: 4 }, () => {
    for (const step of [-20_000, -2_000, 2_000, 20_000]) {
      test(`by ${step / 1000} s, and an older version comes while the command takes its time to end: never two commands`, async (t) => {
        const fleet = await Fleet.open(t, room());
        const clock = new FakeClock(t);
        const newer = await fleet.coordinated("newer", "1.1.0", { env: { ...clock.env, PROBE_CLEANUP: "12000" } });
        const { pid } = await fleet.leads("newer");
        clock.stepWall(step);
        const older = await fleet.coordinated("older", "1.0.0");
        await until("the first command ends", () => !fleet.running().some((life) => life.pid === pid), 60_000);
        await until("the other one leads", () => fleet.running().some((life) => of(life, "older")), 60_000);
        for (const each of [newer, older]) {
          if (each.child.exitCode === null) each.kill("SIGTERM");
          await each.exited;
        }
        assert.deepEqual(fleet.journal.overlaps(), []);
        assert.deepEqual(await fleet.history.unwitnessed(fleet.journal), []);
        t.diagnostic(`\n${(await fleet.history.lines()).join("\n")}`);
      });
    }
  });
});
