import assert from "node:assert/strict";
import { test } from "node:test";
import { describeWithLab, leasePath, until } from "../index.ts";
import { diary, leaseOf, read, recordOf, write } from "../../support/kubernetes-store.ts";
import { room } from "./room.ts";

await describeWithLab("a watch on a real API server", (lab) => {
  test("tells each later change, the deletion and the creation of its Lease, in order, and nothing of others", async (t) => {
    const { store, namespace, user } = await room(lab(), t);
    const first = leaseOf(await write(store, null, recordOf("first")));
    const watch = diary();
    store.watch(first.version, watch);
    await lab().auditLog.waitFor("the watch", ({ verb, user: who }) => verb === "watch" && who === user.name);
    await lab().admin("POST", leasePath(namespace), { metadata: { name: "other" }, spec: { holderIdentity: "other" } });
    const second = leaseOf(await write(store, first, recordOf("second")));
    await write(store, second, recordOf(""));
    await lab().admin("DELETE", leasePath(namespace, "demo"));
    await write(store, null, recordOf("third"));
    await until("the last change", () => watch.told.includes("changed third"));
    assert.deepEqual(watch.told, ["changed second", "changed ", "deleted", "changed third"]);
  });

  test("from a version that is not the newest begins with what came since", async (t) => {
    const { store } = await room(lab(), t);
    const first = leaseOf(await write(store, null, recordOf("first")));
    await write(store, first, recordOf("second"));
    const watch = diary();
    store.watch(first.version, watch);
    await until("the change", () => watch.told.length > 0);
    assert.deepEqual(watch.told, ["changed second"]);
  });

  test("of a Lease that is missing tells its creation", async (t) => {
    const { store, user } = await room(lab(), t);
    const watch = diary();
    store.watch(null, watch);
    await lab().auditLog.waitFor("the watch", ({ verb, user: who }) => verb === "watch" && who === user.name);
    await write(store, null, recordOf("first"));
    await until("the creation", () => watch.told.length > 0);
    assert.deepEqual(watch.told, ["changed first"]);
  });

  test("from a version that the server has forgotten (410) is closed", async (t) => {
    const { store } = await room(lab(), t);
    await lab().apiServer.restart(); // its memory begins anew
    const watch = diary();
    store.watch("1", watch);
    await until("the end", () => watch.told.length > 0);
    assert.deepEqual(watch.told, ["ended closed"]);
  });

  test("without the verb watch is forbidden, and reads and writes go on", async (t) => {
    const { store, user } = await room(lab(), t);
    await user.role.remove("watch");
    const watch = diary();
    store.watch(null, watch);
    await until("the end", () => watch.told.length > 0);
    assert.deepEqual(watch.told, ["ended forbidden"]);
    assert.equal((await write(store, null, recordOf("me"))).kind, "stored");
  });

  test("that we close tells nothing more, and its connection is gone", async (t) => {
    const proxy = await lab().proxy();
    const { store } = await room(lab(), t, proxy.url);
    const first = leaseOf(await write(store, null, recordOf("first")));
    const [open, opening] = [diary(), diary()];
    const watch = store.watch(first.version, open);
    const second = leaseOf(await write(store, first, recordOf("second")));
    await until("a change", () => open.told.length > 0);
    assert.equal(proxy.counters.open, 2, "one connection for requests, one for the watch");
    watch.close();
    store.watch(second.version, opening).close();
    await until("only the connection for requests is left", () => proxy.counters.open === 1);
    await write(store, second, recordOf("third"));
    assert.deepEqual([open.told, opening.told], [["changed second"], []]);
  });

  test("ends when its connection breaks, and when the server restarts; the next one works", async (t) => {
    const proxy = await lab().proxy();
    const { store } = await room(lab(), t, proxy.url);
    let lease = leaseOf(await write(store, null, recordOf("first")));
    const breaks: (() => unknown)[] = [() => proxy.cut(), () => proxy.reset(), () => lab().apiServer.restart()];
    for (const [index, fault] of breaks.entries()) {
      const watch = diary();
      store.watch(lease.version, watch);
      lease = leaseOf(await write(store, leaseOf(await read(store)), recordOf(`holder-${index}`)));
      await until("a change", () => watch.told.length > 0);
      await fault();
      await until("the end", () => watch.told.length > 1);
      assert.match(watch.told.join(), new RegExp(`^changed holder-${index},ended (closed|failed)$`));
    }
  });
});
