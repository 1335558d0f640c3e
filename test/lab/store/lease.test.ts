import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWithLab, leasePath } from "../index.ts";
import { failureOf, leaseOf, open, read, recordOf, write } from "../../support/kubernetes-store.ts";
import { room } from "./room.ts";

await describeWithLab("a Lease on a real API server", (lab) => {
  test("is missing, is created once, and a second create conflicts", async (t) => {
    const { store, namespace } = await room(lab(), t);
    assert.deepEqual(await read(store), { kind: "missing" });
    const created = leaseOf(await write(store, null, recordOf("first")));
    assert.deepEqual(await write(store, null, recordOf("second")), { kind: "conflict" });
    const found = leaseOf(await read(store));
    assert.equal(found.record.holder, "first");
    assert.equal(found.version, created.version);
    assert.equal(found.uid, created.uid);
    assert.match(
      store.description,
      new RegExp(`^cluster https://.+, from .+ \\(context lab\\), namespace ${namespace}$`),
    );
  });

  test("is replaced only on the version that was read, and tokens grow with each write", async (t) => {
    const { store } = await room(lab(), t);
    const created = leaseOf(await write(store, null, recordOf("first")));
    const next = leaseOf(await write(store, created, recordOf("second")));
    assert.ok(BigInt(next.version) > BigInt(created.version));
    assert.deepEqual(await write(store, created, recordOf("third")), { kind: "conflict" });
    assert.equal(leaseOf(await read(store)).record.holder, "second");
  });

  test("that was deleted and created again is another one: a replace of the old one conflicts", async (t) => {
    const { store, namespace } = await room(lab(), t);
    const old = leaseOf(await write(store, null, recordOf("first")));
    await lab().admin("DELETE", leasePath(namespace, "demo"));
    const answer = await write(store, old, recordOf("ghost"));
    assert.ok(answer.kind === "conflict" || answer.kind === "missing", answer.kind);
    assert.deepEqual(await read(store), { kind: "missing" }, "a replace never creates");
    const other = leaseOf(await write(store, null, recordOf("other")));
    assert.notEqual(other.uid, old.uid);
    assert.deepEqual(await write(store, old, recordOf("ghost")), { kind: "conflict" });
  });

  test("keeps the labels, annotations and owners that others gave it", async (t) => {
    const { store, namespace } = await room(lab(), t);
    await write(store, null, recordOf("first"));
    const path = leasePath(namespace, "demo");
    const foreign = { labels: { team: "blue" }, annotations: { note: "hands off" } };
    assert.equal((await lab().admin("PATCH", path, { metadata: foreign })).status, 200);
    await write(store, leaseOf(await read(store)), recordOf("second"));
    const { metadata } = (await lab().admin("GET", path)).object;
    assert.deepEqual(metadata?.labels, foreign.labels);
    assert.deepEqual(metadata.annotations, { ...foreign.annotations, "leader-exec/holder": "second" });
  });

  test("without rights, each verb fails with a sentence that names verb and rule, and works again once allowed", async (t) => {
    const { store, user } = await room(lab(), t);
    const all = user.role.rules;
    const rule = (verbs: string, name = ""): string =>
      `{apiGroups: ["coordination.k8s.io"], resources: ["leases"]${name}, verbs: [${verbs}]}`;
    const named = rule('"get", "update", "watch"', ', resourceNames: ["demo"]');

    await user.role.remove("create");
    const noCreate = failureOf(await write(store, null, recordOf("me")));
    assert.match(noCreate, /^forbidden: the user "candidate-\d+" is not allowed to create the Lease .+\/demo on /);
    assert.ok(noCreate.includes(rule('"create"')), noCreate);
    await user.role.set(all);
    const lease = leaseOf(await write(store, null, recordOf("me")));

    await user.role.remove("get");
    const noGet = failureOf(await read(store));
    assert.match(noGet, /^forbidden: .+ not allowed to get the Lease/);
    assert.ok(noGet.includes(named), noGet);
    await user.role.set(all);
    await user.role.remove("update");
    const noUpdate = failureOf(await write(store, lease, recordOf("me")));
    assert.match(noUpdate, /^forbidden: .+ not allowed to update the Lease/);
    assert.ok(noUpdate.includes(named), noUpdate);
    await user.role.set(all);
    assert.equal((await write(store, leaseOf(await read(store)), recordOf("me"))).kind, "stored");
  });

  test("in a namespace that does not exist looks missing, and the create tells why", async (t) => {
    const nowhere = "not-there";
    const user = await lab().user(await lab().createNamespace(), "demo");
    const admin = await user.kubeconfig({ credentials: { token: lab().adminToken } });
    const { store, namespace } = await open(admin, { namespace: nowhere });
    t.after(() => store.close());
    assert.equal(namespace, nowhere);
    assert.deepEqual(await read(store), { kind: "missing" });
    const failure = failureOf(await write(store, null, recordOf("me")));
    assert.match(
      failure,
      /^namespace-missing: the namespace "not-there" does not exist on https:.+; create it, or choose/,
    );
  });

  test("a namespace that is being deleted is said to be so", async (t) => {
    const { store, namespace } = await room(lab(), t);
    await lab().admin("DELETE", `/api/v1/namespaces/${namespace}`);
    assert.match(
      failureOf(await write(store, null, recordOf("me"))),
      /^namespace-missing: .+ is being deleted; choose/,
    );
  });

  test("an API path that the server does not have is told apart from a missing Lease", async (t) => {
    const { user } = await room(lab(), t);
    for (const token of [user.token, lab().adminToken]) {
      const server = `${lab().url}/elsewhere`;
      const { store } = await open(await user.kubeconfig({ server, credentials: { token } }));
      t.after(() => store.close());
      const failure = failureOf(await read(store));
      assert.match(failure, /^unexpected: .+ does not answer like a Kubernetes API server .+; correct the server URL/);
    }
  });

  test("the namespace comes from -n, else from the context, else it is default", async (t) => {
    const { user, namespace } = await room(lab(), t);
    const silent = await user.kubeconfig({ namespace: undefined });
    for (const [kubeconfig, more, expected] of [
      [await user.kubeconfig(), { namespace: "other" }, "other"],
      [await user.kubeconfig(), {}, namespace],
      [silent, {}, "default"],
    ] as const) {
      const opened = await open(kubeconfig, more);
      opened.store.close();
      assert.equal(opened.namespace, expected);
    }
  });

  test("after close nothing is sent any more, and every request is answered", async (t) => {
    const { store } = await room(lab(), t);
    store.close();
    assert.match(failureOf(await read(store)), /^unexpected: .+leader-exec ended the request/);
    assert.match(failureOf(await write(store, null, recordOf("me"))), /leader-exec ended the request/);
  });
});
