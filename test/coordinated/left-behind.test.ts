import assert from "node:assert/strict";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import { killWithGuard } from "../support/crash.ts";
import { Fleet, patientTimes } from "./fleet.ts";
import { coordinator } from "./history.ts";
import { describeCoordinated } from "./served.ts";

await describeCoordinated("the LeaseCandidate of a standby that is killed", (room) => {
  /** Kills one of two standbys in this way, then tells the leader to stop; `took`: milliseconds until the server elects the other one. */
  async function electionAfter(fleet: Fleet, kill: (pid: number) => Promise<void>) {
    const leader = await fleet.coordinated("leader", "1.0.0", { args: patientTimes });
    await fleet.leads("leader");
    // Newer ones: of equals that came in one second the server may prefer any, and have the leader hand over.
    const other = await fleet.coordinated("other", "1.1.0");
    const killed = await fleet.coordinated("killed", "1.1.0");
    await fleet.registered(3);
    await until("who renewed in the last 5 s is not asked", async () =>
      (await fleet.candidates()).every(({ spec }) => Date.parse(String(spec?.["renewTime"])) < Date.now() - 5_100),
    );
    await kill(killed.pid);
    leader.kill("SIGTERM");
    await leader.code();
    await fleet.leads("other", 60_000);
    const writes = await fleet.history.all();
    const asked = writes.findLast(({ verb, user }) => verb === "delete" && user !== coordinator)?.at ?? Infinity;
    const elected =
      writes.findLast(({ user, resource }) => user === coordinator && resource === "leases")?.at ?? Infinity;
    other.kill("SIGTERM");
    assert.equal(await other.code(), 0);
    assert.deepEqual(fleet.journal.overlaps(), []);
    await killed.exited;
    return { took: elected - asked, said: killed.stderr };
  }

  test("its guard deletes it, and says so: the next election asks nobody who is dead", async (t) => {
    const fleet = await Fleet.open(t, room());
    const { took, said } = await electionAfter(fleet, async (pid) => {
      process.kill(pid, "SIGKILL");
      await fleet.registered(2);
    });
    const pings = (await fleet.history.all()).filter(
      ({ user, name, resource }) => user === coordinator && resource === "leasecandidates" && name.startsWith("killed"),
    );
    assert.deepEqual(pings, []);
    assert.match(said, /died while standing by, and its guard has deleted its LeaseCandidate; look for what killed/);
    t.diagnostic(`the other one was elected ${Math.round(took)} ms after the leader had withdrawn`);
  });

  test("who ends by itself is not taken for dead", async (t) => {
    const fleet = await Fleet.open(t, room());
    const leader = await fleet.coordinated("leader", "1.0.0");
    await fleet.leads("leader");
    const stopped = await fleet.coordinated("stopped", "1.1.0");
    await stopped.says(/^registered/);
    stopped.kill("SIGTERM");
    assert.equal(await stopped.code(), 143);
    assert.doesNotMatch(stopped.stderr, /died/);
    leader.kill("SIGTERM");
    assert.equal(await leader.code(), 0);
  });

  test("with its guard killed too it stays, and the next election waits for its answer", async (t) => {
    const fleet = await Fleet.open(t, room());
    const { took } = await electionAfter(fleet, killWithGuard);
    t.diagnostic(`the other one was elected ${Math.round(took)} ms after the leader had withdrawn`);
    assert.ok(took >= 5_000, `${took} ms`);
    const names = (await fleet.candidates()).map(({ metadata }) => metadata?.name ?? "");
    assert.deepEqual(
      names.map((name) => name.replace(/_.*/, "")),
      ["killed"],
    );
  });
});
