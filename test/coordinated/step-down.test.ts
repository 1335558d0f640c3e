import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import { Fleet, of } from "./fleet.ts";
import { coordinator, holderOf } from "./history.ts";
import { join, type Kind } from "./member.ts";
import { describeCoordinated } from "./served.ts";

await describeCoordinated("preferredHolder", (room) => {
  test("the leader stops its command with all the grace it has, renewing meanwhile, and then releases to the preferred one", async (t) => {
    const fleet = await Fleet.open(t, room());
    const newer = await fleet.coordinated("newer", "1.1.0", { env: { PROBE_CLEANUP: "4000" } });
    const { pid, identity } = await fleet.leads("newer");
    const older = await fleet.coordinated("older", "1.0.0");
    await fleet.journal.signal(pid, "SIGTERM");
    const next = await fleet.leads("older");
    const writes = await fleet.history.writes();
    const asked = writes.findIndex(({ requestObject }) => requestObject?.spec?.preferredHolder === next.identity);
    const release = writes.findIndex((write) => holderOf(write) === "");
    const [meanwhile, released] = [writes.slice(asked + 1, release), writes[release]?.requestObject?.spec];
    assert.ok(meanwhile.length >= 2, "it is renewed while the command ends");
    for (const { requestObject } of meanwhile) {
      assert.equal(requestObject?.spec?.holderIdentity, identity);
      assert.equal(requestObject.spec.preferredHolder, next.identity, "what the server wrote is kept");
    }
    assert.equal(released?.strategy, "OldestEmulationVersion");
    assert.equal(released.preferredHolder, undefined);
    assert.ok(next.first > (fleet.journal.lives().find((life) => life.pid === pid)?.last ?? Infinity));
    assert.equal(newer.child.exitCode, null, "it stands by again, in the same process");
    await fleet.registered(2);
    older.kill("SIGTERM");
    assert.equal(await older.code(), 0);
    await until("it leads once more", () => fleet.running().find((life) => of(life, "newer") && life.pid !== pid));
    newer.kill("SIGTERM");
    assert.equal(await newer.code(), 0);
    assert.deepEqual(fleet.journal.overlaps(), []);
    assert.deepEqual(await fleet.history.unwitnessed(fleet.journal), []);
    const refused = await fleet.lab.auditLog.entries(({ user, status }) => user === fleet.user.name && status === 403);
    assert.deepEqual(refused, [], "the documented rights do");
    assert.deepEqual(await fleet.candidates(), [], "whoever ends takes its LeaseCandidate along");
    t.diagnostic(`\n${(await fleet.history.lines()).join("\n")}`);
  });

  const pairs: [Kind, Kind][] = [
    ["leader-exec", "client-go"],
    ["client-go", "leader-exec"],
  ];
  for (const [first, second] of pairs) {
    test(`from ${first} to ${second}: never two commands`, async (t) => {
      const fleet = await Fleet.open(t, room());
      const newer = await join(fleet, first, "newer", "1.1.0");
      await fleet.leads("newer");
      const older = await join(fleet, second, "older", "1.0.0");
      await fleet.leads("older");
      assert.ok((await fleet.history.writes()).some(({ user }) => user === coordinator));
      for (const each of [newer, older]) {
        if (each === older || first === "leader-exec") each.kill("SIGTERM");
        await each.exited;
      }
      assert.deepEqual(fleet.journal.overlaps(), []);
    });
  }

  test("three equal candidates of one second agree on one leader, and keep it", async (t) => {
    const fleet = await Fleet.open(t, room());
    const all = await Promise.all(["a", "b", "c"].map((name) => fleet.coordinated(name, "1.0.0")));
    await fleet.registered(3);
    const since = await until(
      "nobody is preferred to the leader for three looks of the server",
      async () => {
        const writes = await fleet.history.writes();
        const last = writes.findLast(({ user }) => user === coordinator);
        return last !== undefined && Date.now() - last.at > 16_000 && writes.length;
      },
      120_000,
      500,
    );
    assert.ok(since > 0);
    const terms = fleet.journal.lives().length;
    assert.ok(terms <= 4, `${terms} terms until then`);
    for (const each of all) each.kill("SIGTERM");
    await Promise.all(all.map(({ exited }) => exited));
    assert.deepEqual(fleet.journal.overlaps(), []);
    assert.deepEqual(await fleet.history.unwitnessed(fleet.journal), []);
  });
});
