import assert from "node:assert/strict";
import { test } from "node:test";
import { candidatePath, coordinatedRules, documentedRules, leasePath, until } from "../lab/index.ts";
import { killWithGuard } from "../support/crash.ts";
import { Fleet, of, patientTimes } from "./fleet.ts";
import { coordinator } from "./history.ts";
import { describeCoordinated } from "./served.ts";

await describeCoordinated("trouble in a coordinated election", (room) => {
  /** Two candidates, the first of which leads. */
  async function pair(fleet: Fleet) {
    const first = await fleet.coordinated("first", "1.0.0");
    const life = await fleet.leads("first");
    const second = await fleet.coordinated("second", "1.1.0");
    await fleet.registered(2);
    return { first, second, life };
  }

  async function ends(fleet: Fleet, ...left: { kill(signal: NodeJS.Signals): void; code(): Promise<number | null> }[]) {
    for (const each of left) each.kill("SIGTERM");
    for (const each of left) await each.code();
    assert.deepEqual(fleet.journal.overlaps(), []);
    assert.deepEqual(await fleet.history.unwitnessed(fleet.journal), [], (await fleet.history.lines()).join("\n"));
  }

  test("kill -9 of the leader: its guard takes command and LeaseCandidate away and releases, and the next one is elected soon", async (t) => {
    const fleet = await Fleet.open(t, room());
    const { first, second, life } = await pair(fleet);
    first.kill("SIGKILL");
    await fleet.leads("second");
    const candidates = await fleet.candidates();
    assert.ok(!candidates.some(({ metadata }) => metadata?.name === life.identity), "nobody is asked who is dead");
    await ends(fleet, second);
    t.diagnostic(`\n${(await fleet.history.lines()).join("\n")}`);
  });

  test("kill -9 of the leader and its guard: the next one is elected when the Lease has expired", async (t) => {
    const fleet = await Fleet.open(t, room());
    const { first, second } = await pair(fleet);
    await killWithGuard(first.pid);
    await fleet.leads("second", 90_000);
    await ends(fleet, second);
    t.diagnostic(`\n${(await fleet.history.lines()).join("\n")}`);
  });

  test("a LeaseCandidate that was deleted by hand is registered again, the leader's and a standby's", async (t) => {
    const fleet = await Fleet.open(t, room());
    const { first, second } = await pair(fleet);
    for (const name of ["first", "second"]) {
      // Who is stepping down meanwhile is registered again a moment later.
      const found = await until(`a candidate of ${name}`, async () =>
        (await fleet.candidates()).find(({ metadata }) => metadata?.name?.startsWith(name)),
      );
      assert.ok(found.metadata?.name !== undefined);
      await fleet.lab.admin("DELETE", candidatePath(fleet.namespace, found.metadata.name));
      await until("another one", async () => {
        const now = (await fleet.candidates()).find(({ metadata }) => metadata?.name?.startsWith(name));
        return now !== undefined && now.metadata?.uid !== found.metadata?.uid;
      });
    }
    await until("one leads", () => fleet.running().length > 0, 60_000);
    await ends(fleet, first, second);
  });

  test("a Lease that was deleted by hand is taken again, and the command that runs lives on or is stopped first", async (t) => {
    const fleet = await Fleet.open(t, room());
    const { first, second } = await pair(fleet);
    const { uid } = (await fleet.read()).metadata ?? {};
    await fleet.lab.admin("DELETE", leasePath(fleet.namespace, fleet.lease));
    await until("another Lease", async () => ![undefined, uid].includes((await fleet.read()).metadata?.uid), 60_000);
    await until("one leads", () => fleet.running().length > 0, 60_000);
    await ends(fleet, first, second);
  });

  test("a Lease that is deleted while its leader is frozen: who is elected at once starts when the time of the frozen one is over", async (t) => {
    const fleet = await Fleet.open(t, room());
    const { first, second, life } = await pair(fleet);
    await second.says(/^standing by: first/);
    first.child.kill("SIGSTOP");
    // Without its LeaseCandidate it would be the best one still.
    await fleet.lab.admin("DELETE", candidatePath(fleet.namespace, life.identity));
    await fleet.lab.admin("DELETE", leasePath(fleet.namespace, fleet.lease));
    await second.says(/^standing by: the server has elected us, but the holder before may still be at work/);
    assert.ok(
      fleet.running().some(({ pid }) => pid === life.pid),
      "the command of the frozen one runs still",
    );
    await fleet.leads("second");
    first.child.kill("SIGCONT");
    assert.equal(await first.code(), 75);
    second.kill("SIGTERM");
    await second.code();
    // By the Lease the frozen one's time was over when it was deleted; by its promise it was not.
    assert.deepEqual(fleet.journal.overlaps(), []);
    t.diagnostic(`\n${(await fleet.history.lines()).join("\n")}`);
  });

  test("a Lease whose holder is null is mended before a LeaseCandidate is registered: it would end kube-apiserver", async (t) => {
    const fleet = await Fleet.open(t, room());
    const spec = { leaseDurationSeconds: 1, renewTime: "2026-01-01T00:00:00.000000Z" };
    const lease = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: fleet.lease }, spec };
    assert.equal((await fleet.lab.admin("POST", leasePath(fleet.namespace), lease)).status, 201);
    const only = await fleet.coordinated("only", "1.0.0");
    await fleet.leads("only");
    await ends(fleet, only);
  });

  test("without rights to LeaseCandidates, always ends with 125 and names the rule, and auto elects plainly", async (t) => {
    const fleet = await Fleet.open(t, room());
    await fleet.user.role.set(documentedRules(fleet.lease));
    const strict = await fleet.coordinated("strict", "1.0.0", { args: ["--startup-timeout", "3s"] });
    assert.equal(await strict.code(), 125);
    assert.match(strict.stderr, /leasecandidates/);
    const lenient = await fleet.coordinated("lenient", "1.0.0", { args: ["--coordinated=auto"] });
    await fleet.leads("lenient");
    assert.match(lenient.stderr, /leasecandidates/);
    await ends(fleet, lenient);
  });

  test("who is elected and has no right to confirm it lets another one be elected, says so once, and leads when it has the right", async (t) => {
    const fleet = await Fleet.open(t, room());
    const rules = coordinatedRules(fleet.lease);
    const without = rules.map((rule) =>
      rule.resources.includes("leases") ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== "update") } : rule,
    );
    const user = await fleet.lab.user(fleet.namespace, "unable", without);
    const unable = await fleet.coordinated("unable", "1.0.0", { kubeconfig: await user.kubeconfig() });
    const able = await fleet.coordinated("able", "1.1.0");
    await fleet.leads("able");
    const { message } = await unable.says(/^the server elected us, and we could not confirm it/);
    t.diagnostic(message);
    t.diagnostic(`\n${(await fleet.history.lines()).join("\n")}`);
    await user.role.set(rules);
    await fleet.leads("unable", 120_000);
    assert.equal(unable.stderr.match(/"kind":"unconfirmed"/g)?.length, 1);
    await ends(fleet, unable, able);
  });

  test("a standby that may not read its LeaseCandidate any more takes it back; one that may not delete it either says what that costs", async (t) => {
    const fleet = await Fleet.open(t, room());
    const without = (...lost: string[]) =>
      coordinatedRules(fleet.lease).map((rule) =>
        rule.resources.includes("leasecandidates")
          ? { ...rule, verbs: rule.verbs.filter((verb) => !lost.includes(verb)) }
          : rule,
      );
    const leader = await fleet.coordinated("leader", "1.0.0");
    await fleet.leads("leader");
    const standby = async (name: string, ...lost: string[]) => {
      const user = await fleet.lab.user(fleet.namespace, name, without());
      const candidate = await fleet.coordinated(name, "1.1.0", { kubeconfig: await user.kubeconfig() });
      await candidate.says(/^registered/);
      await user.role.set(without(...lost));
      return candidate;
    };
    const [tidy, untidy] = [await standby("tidy", "get"), await standby("untidy", "get", "delete")];
    t.diagnostic((await tidy.says(/not allowed to get the LeaseCandidate .* nothing is run before/, 60_000)).message);
    const { message } = await untidy.says(/not allowed to delete the LeaseCandidate/, 60_000);
    t.diagnostic(message);
    const names = async () => (await fleet.candidates()).map(({ metadata }) => metadata?.name?.replace(/_.*/, ""));
    await until("one is gone", async () => (await names()).length === 2, 20_000);
    assert.deepEqual((await names()).sort(), ["leader", "untidy"]);
    await ends(fleet, tidy, untidy, leader);
  });

  test("two strategies in one fleet: nobody is elected while they differ, and each candidate says why it waits", async (t) => {
    const fleet = await Fleet.open(t, room());
    const first = await fleet.coordinated("first", "1.0.0", { args: ["--strategy", "example.com/other"] });
    await fleet.registered(1);
    const second = await fleet.coordinated("second", "1.0.0");
    await fleet.registered(2);
    await second.says(/two strategies/, 90_000);
    assert.equal(fleet.journal.lives().length, 0);
    first.kill("SIGTERM");
    await first.code();
    await fleet.leads("second");
    await ends(fleet, second);
  });

  test("the API server is killed and comes back: the command lives on, and the next leader is elected as before", async (t) => {
    const fleet = await Fleet.open(t, room());
    const first = await fleet.coordinated("first", "1.0.0", { args: patientTimes });
    const life = await fleet.leads("first");
    const second = await fleet.coordinated("second", "1.1.0", { args: patientTimes });
    await fleet.registered(2);
    await fleet.lab.apiServer.kill();
    await fleet.lab.apiServer.start();
    const since = Date.now();
    await fleet.lab.auditLog.waitFor("a renewal", ({ at, verb, resource, status }) => {
      return at > since && verb === "update" && resource === "leases" && status === 200;
    });
    assert.deepEqual(
      fleet.running().map(({ pid }) => pid),
      [life.pid],
      "the same command",
    );
    first.kill("SIGTERM");
    await fleet.leads("second");
    const elected = (await fleet.history.writes()).findLast(({ user }) => user === coordinator);
    assert.ok(elected !== undefined && elected.at > since);
    assert.ok(fleet.journal.lives().some((each) => of(each, "second")));
    await ends(fleet, second);
  });
});
