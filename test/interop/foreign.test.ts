import assert from "node:assert/strict";
import { test } from "node:test";
import { leasePath, until } from "../lab/index.ts";
import { usual } from "./elector.ts";
import { MixedElection } from "./mixed.ts";
import { describeWithElector } from "./with-elector.ts";
import { killWithGuard } from "../support/crash.ts";

await describeWithElector("what client-go leaves in a Lease", (room) => {
  test("a mark that is not the holder's makes the Lease a foreign one: a crashed client-go gets one retry period more", async (t) => {
    const { lab, program } = room();
    const election = await MixedElection.open(t, lab, program);
    const journal = election.newJournal();
    const first = await election.leaderExec(journal, "first");
    const { identity } = await journal.start(1);
    const go = await election.clientGo(journal, "go");
    await go.standsBy();
    await killWithGuard(first.pid);
    await journal.start(2);
    assert.equal((await election.read()).metadata?.annotations?.["leader-exec/holder"], identity, "the mark is kept");

    const second = await election.leaderExec(journal, "second", { args: ["--retry-period", "1600ms"] });
    await second.says(/^standing by/);
    go.kill("SIGKILL");
    const { identity: successor } = await journal.start(3);
    const writes = await lab.auditLog.entries(
      ({ namespace, verb, status }) => namespace === election.namespace && verb === "update" && status === 200,
    );
    const by = (holder: string) =>
      writes.filter(({ requestObject }) => requestObject?.spec?.holderIdentity === holder).map(({ at }) => at);
    const waited = (by(successor)[0] ?? 0) - (by("go").at(-1) ?? Infinity);
    assert.ok(waited >= 5000 + 1600 - 50, `it waited ${waited} ms`);
    assert.deepEqual(journal.overlaps(), []);
    second.kill("SIGTERM");
    assert.equal(await second.code(), 0);
  });

  test("what --once has recorded is there after terms of client-go", async (t) => {
    const { lab, program } = room();
    const election = await MixedElection.open(t, lab, program);
    const journal = election.newJournal();
    const once = { args: ["--once", "schema 42"], env: { PROBE_FOR: "50" } };
    assert.equal(await (await election.leaderExec(journal, "first", once)).code(), 0);
    const recorded = (await election.read()).metadata?.annotations?.["leader-exec/done"];
    assert.match(recorded ?? "", /"keys"/);
    const go = await election.clientGo(journal, "go");
    await journal.start(2);
    const meanwhile = await election.leaderExec(journal, "meanwhile", once);
    assert.equal(await meanwhile.code(), 0, "it need not wait for client-go to be done");
    go.kill("SIGTERM");
    await go.exited;
    assert.equal((await election.read()).metadata?.annotations?.["leader-exec/done"], recorded);
    assert.equal(await (await election.leaderExec(journal, "last", once)).code(), 0);
    assert.equal(journal.lives().length, 2);
  });

  // client-go 0.34 and later: its release reads the Lease and writes with that version, without a look at the holder.
  test("a client-go that comes back from a black hole and wipes its successor's Lease does not start a second command", async (t) => {
    const { lab, program } = room();
    const election = await MixedElection.open(t, lab, program);
    const journal = election.newJournal();
    const proxy = await lab.proxy();
    const go = await election.clientGo(journal, "go", { times: usual, proxy });
    await journal.start(1);
    const [one, two] = [await election.leaderExec(journal, "one"), await election.leaderExec(journal, "two")];
    await Promise.all([one.says(/^standing by/), two.says(/^standing by/)]);
    proxy.hold();
    const holder = await until(
      "one of them takes over",
      () => journal.lives().find(({ identity }) => identity !== "go"),
      30_000,
    );
    await proxy.heal();
    await go.exited;
    const wipe = await lab.auditLog.waitFor("the release of client-go", (entry) => {
      return entry.namespace === election.namespace && entry.requestObject?.spec?.holderIdentity === "";
    });
    assert.equal(wipe.status, 200);
    const again = await lab.auditLog.waitFor(
      "the next write",
      (entry) => entry.namespace === election.namespace && entry.verb === "update" && entry.at > wipe.at,
    );
    assert.equal(again.requestObject?.spec?.holderIdentity, holder.identity, "its holder takes it again");
    const lease = await lab.admin("GET", leasePath(election.namespace, election.lease));
    assert.equal(lease.object.spec?.holderIdentity, holder.identity);
    const others = journal.lives().filter(({ identity }) => identity !== "go");
    assert.deepEqual(
      others.map(({ identity }) => identity),
      [holder.identity],
    );
    for (const each of [one, two]) each.kill("SIGTERM");
    await Promise.all([one.exited, two.exited]);
  });
});
