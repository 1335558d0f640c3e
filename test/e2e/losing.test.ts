import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWithLab, leasePath, until, type AuditEntry, type KubeObject } from "../lab/index.ts";
import { isThere } from "../support/candidate.ts";
import { onServer } from "./stores.ts";

await describeWithLab("a holder and its Lease, on a real API server", (lab) => {
  const writesOf = (namespace: string, identity?: string) => (entry: AuditEntry) =>
    entry.namespace === namespace &&
    ["create", "update"].includes(entry.verb) &&
    (identity === undefined || entry.requestObject?.spec?.holderIdentity === identity);

  test("an API server that falls silent: stop signal after the renew deadline, exit 75, and standing by when started again", async (t) => {
    const proxy = await lab().proxy();
    const { candidates } = await onServer(lab(), t, proxy.url);
    const holder = candidates.start({ env: { PROBE_CLEANUP: "100" } });
    const life = await candidates.journal.start(1);
    proxy.blackhole();
    assert.deepEqual(await holder.exited, { code: 75, signal: null });
    const lost = await holder.says(/^lost leadership/);
    assert.match(lost.message, /no renewal succeeded for 2s: .*(did not answer|no connection with the API server)/);
    const [ended] = candidates.journal.lives();
    assert.deepEqual(ended?.signals, ["SIGTERM"]);
    assert.ok(!isThere(life.pid));
    await proxy.heal();
    const again = candidates.start();
    await candidates.journal.start(2);
    assert.deepEqual(candidates.journal.overlaps(), []);
    again.kill("SIGTERM");
    assert.equal(await again.code(), 0);
  });

  test("a trouble that is shorter than the renew deadline costs nothing", async (t) => {
    const proxy = await lab().proxy();
    const { candidates } = await onServer(lab(), t, proxy.url);
    const holder = candidates.start();
    await candidates.journal.start(1);
    proxy.reset();
    proxy.refuseNewConnections();
    await holder.says(/^could not renew the Lease, .* left to try: cannot reach the API server/);
    await proxy.heal();
    await holder.says(/^renewed the Lease again after/);
    holder.kill("SIGTERM");
    assert.equal(await holder.code(), 0);
  });

  test("another holder in the Lease means SIGKILL at once and exit 75: there is no grace left", async (t) => {
    const { candidates, user, namespace, lease } = await onServer(lab(), t);
    const holder = candidates.start({ env: { PROBE_CLEANUP: "60000" } });
    const life = await candidates.journal.start(1);
    const { object } = await user.request("GET", leasePath(namespace, lease));
    const taken: KubeObject = { ...object, spec: { ...object.spec, holderIdentity: "somebody" } };
    assert.equal((await user.request("PUT", leasePath(namespace, lease), taken)).status, 200);
    assert.deepEqual(await holder.exited, { code: 75, signal: null });
    assert.match(holder.records().at(-1)?.message ?? "", /^leadership was lost \(somebody is the holder\)/);
    assert.deepEqual(candidates.journal.lives()[0]?.signals, []);
    assert.ok(!isThere(life.pid));
    const after = await user.request("GET", leasePath(namespace, lease));
    assert.equal(after.object.spec?.holderIdentity, "somebody", "the Lease of another holder is left alone");
  });

  test("a deleted Lease is created again at once, and the command runs on", async (t) => {
    const { candidates, user, namespace, lease } = await onServer(lab(), t);
    const holder = candidates.start();
    const life = await candidates.journal.start(1);
    const { object } = await user.request("GET", leasePath(namespace, lease));
    assert.equal((await lab().admin("DELETE", leasePath(namespace, lease))).status, 200);
    const again = await until("the Lease is back", async () => {
      const answer = await user.request("GET", leasePath(namespace, lease));
      return answer.status === 200 && answer.object;
    });
    assert.notEqual(again.metadata?.uid, object.metadata?.uid);
    assert.equal(again.spec?.holderIdentity, object.spec?.holderIdentity);
    assert.ok(isThere(life.pid));
    holder.kill("SIGTERM");
    assert.equal(await holder.code(), 0);
    assert.equal(candidates.journal.lives().length, 1);
  });

  test("the holder is cleared only after the command is gone, as the audit log shows; a standby writes nothing before", async (t) => {
    const { candidates, namespace } = await onServer(lab(), t);
    const first = candidates.start({ env: { PROBE_CLEANUP: "1500" } });
    await candidates.journal.start(1);
    const second = candidates.start();
    await second.says(/^standing by/);
    first.kill("SIGTERM");
    await first.exited;
    await candidates.journal.start(2);
    const identities = [first, second].map((each) => each.records().find(({ identity }) => identity)?.identity ?? "?");
    const release = await lab().auditLog.waitFor("the release", (entry) => writesOf(namespace, "")(entry));
    const writes = await lab().auditLog.entries(writesOf(namespace));
    const [one, two] = identities.map((identity) => writes.filter(writesOf(namespace, identity)));
    assert.ok(one && two && one.length >= 3, "it was renewed while the command cleaned up");
    assert.ok(one.every(({ at }) => at < release.at));
    assert.ok(
      two.every(({ at }) => at > release.at),
      "the standby wrote nothing before",
    );
    const wallOfJournal = Date.now() - Number(process.hrtime.bigint()) / 1e6;
    const [ended] = candidates.journal.lives();
    assert.ok(ended && ended.last + wallOfJournal < release.at, "the last sign of life is older than the release");
    second.kill("SIGTERM");
    await second.exited;
  });

  test("the record is one that every other elector can read: all five fields, six digits, never null", async (t) => {
    const { candidates, user, namespace, lease } = await onServer(lab(), t);
    const holder = candidates.start({ args: ["--identity", "me"] });
    await candidates.journal.start(1);
    const { object } = await user.request("GET", leasePath(namespace, lease));
    const { holderIdentity, leaseDurationSeconds, acquireTime, renewTime, leaseTransitions } = object.spec ?? {};
    assert.match(holderIdentity ?? "", /^me_[0-9a-f]{8}$/);
    assert.deepEqual([leaseDurationSeconds, leaseTransitions], [5, 0]);
    for (const time of [acquireTime, renewTime]) assert.match(time ?? "", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    assert.equal(object.metadata?.annotations?.["leader-exec/holder"], holderIdentity);
    holder.kill("SIGTERM");
    await holder.exited;
    const released = (await user.request("GET", leasePath(namespace, lease))).object;
    assert.equal(released.spec?.holderIdentity ?? "", "");
    assert.equal(released.spec?.leaseDurationSeconds, 1);
    assert.equal(released.metadata?.annotations?.["leader-exec/holder"], undefined);
  });

  test("a server restart is survived by holder and standby", async (t) => {
    const { candidates } = await onServer(lab(), t);
    const times = ["--lease-duration", "60s", "--renew-deadline", "40s"];
    const holder = candidates.start({ args: times });
    await candidates.journal.start(1);
    const standby = candidates.start({ args: times });
    await standby.says(/^standing by/);
    await lab().apiServer.restart();
    holder.kill("SIGTERM");
    assert.equal(await holder.code(), 0);
    await candidates.journal.start(2);
    assert.deepEqual(candidates.journal.overlaps(), []);
    standby.kill("SIGTERM");
    assert.equal(await standby.code(), 0);
  });
});
