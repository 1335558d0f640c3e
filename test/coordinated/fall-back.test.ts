import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWithElector, type WithElector } from "../interop/with-elector.ts";
import { until } from "../lab/index.ts";
import { Fleet, patientTimes } from "./fleet.ts";
import { coordinationFlags, isServed } from "./served.ts";

function elects(room: () => WithElector): void {
  test("auto elects plainly and says why: never two commands", async (t) => {
    const fleet = await Fleet.open(t, room());
    const auto = { args: ["--coordinated=auto"] };
    const first = await fleet.coordinated("first", "1.0.0", auto);
    await fleet.leads("first", 90_000);
    const second = await fleet.coordinated("second", "1.1.0", auto);
    await second.says(/^standing by/);
    first.kill("SIGTERM");
    assert.equal(await first.code(), 0);
    await fleet.leads("second", 90_000);
    second.kill("SIGTERM");
    assert.equal(await second.code(), 0);
    for (const { stderr } of [first, second]) assert.match(stderr, /coordinat/);
    assert.deepEqual(fleet.journal.overlaps(), []);
    assert.deepEqual(await fleet.history.unwitnessed(fleet.journal), []);
  });
}

await describeWithElector("a server without the API of coordinated election", (room) => {
  elects(room);

  test("always does not run the command, and says what is missing", async (t) => {
    const fleet = await Fleet.open(t, room());
    const candidate = await fleet.coordinated("only", "1.0.0", { args: ["--startup-timeout", "2s"] });
    assert.equal(await candidate.code(), 125);
    assert.match(candidate.stderr, /leasecandidates/i);
    assert.equal(fleet.journal.lives().length, 0);
  });

  test("the API comes with an upgrade of the server: the next process uses it", { skip: !isServed }, async (t) => {
    const fleet = await Fleet.open(t, room());
    const auto = { args: ["--coordinated=auto", ...patientTimes] };
    const before = await fleet.coordinated("before", "1.0.0", auto);
    await fleet.leads("before");
    await fleet.lab.apiServer.restart(coordinationFlags);
    const after = await fleet.coordinated("after", "1.0.0", auto);
    await until("it is registered", async () => (await fleet.candidates()).length > 0, 60_000);
    before.kill("SIGTERM");
    await before.code();
    await fleet.leads("after", 90_000);
    after.kill("SIGTERM");
    await after.code();
    assert.deepEqual(fleet.journal.overlaps(), []);
  });
});

if (isServed) {
  await describeWithElector("a server that serves the API with the feature off", elects, {
    apiServerFlags: ["--runtime-config=coordination.k8s.io/v1beta1=true"],
  });
}
