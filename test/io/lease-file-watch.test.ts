import assert from "node:assert/strict";
import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { Files } from "../../src/io/lease-file-system.ts";
import type { LeaseStore, WatchListener } from "../../src/world.ts";
import { folderFor, jobsIn, soon, storeIn, writeTimes } from "../support/file-store.ts";

/** Watches and hands out what was told, one by one. */
function watchOf(t: TestContext, store: LeaseStore, since: string | null) {
  const told: string[] = [];
  let wake = (): void => undefined;
  const tell = (what: string): void => {
    told.push(what);
    wake();
  };
  const listener: WatchListener = {
    changed: (lease) => tell(lease.version),
    deleted: () => tell("deleted"),
    ended: (reason) => tell(`ended: ${reason}`),
  };
  const watch = store.watch(since, listener);
  t.after(() => watch.close());
  const next = async (): Promise<string> => {
    while (told.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    return told.shift() ?? "";
  };
  return { next, told, close: () => watch.close() };
}

/** No change is told by the system: only looking helps. */
const deaf: Partial<Files> = {
  watch: () => {
    throw new Error("ENOSPC: no inotify watch is left");
  },
};
/** Watches that are never told anything. */
const silent: Partial<Files> = { watch: () => ({ close: () => undefined }) };

void describe("a watch tells of creation, change and deletion", { concurrency: true }, () => {
  for (const [how, faults] of [
    ["as the system tells them", {}],
    ["when the system can watch no folder", deaf],
    ["when the system tells nothing", silent],
  ] as const) {
    void test(how, async (t) => {
      const directory = await folderFor(t);
      const other = await storeIn(t, directory);
      const { next } = watchOf(t, await storeIn(t, directory, faults), null);
      assert.equal((await writeTimes(other, 1)).version, await next());
      assert.equal((await writeTimes(other, 1)).version, await next());
      await rm(jobsIn(directory), { recursive: true });
      assert.equal(await next(), "deleted");
    });
  }
});

void test("a Lease that was deleted and created again is watched as before", async (t) => {
  const directory = await folderFor(t);
  const other = await storeIn(t, directory);
  const { version } = await writeTimes(other, 1);
  const { next } = watchOf(t, await storeIn(t, directory), version);
  await rm(jobsIn(directory), { recursive: true });
  assert.equal(await next(), "deleted");
  for (let changes = 0; changes < 3; changes++) assert.equal((await writeTimes(other, 1)).version, await next());
});

void test("each change is told when one follows the other, in order", async (t) => {
  const directory = await folderFor(t);
  const other = await storeIn(t, directory);
  let { version } = await writeTimes(other, 1);
  const { next } = watchOf(t, await storeIn(t, directory), version);
  for (let changes = 0; changes < 20; changes++) {
    ({ version } = await writeTimes(other, 1));
    assert.equal(await next(), version);
  }
});

void test("a change between the read and the start of the watch is told", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  const { version } = await writeTimes(store, 1);
  const newer = await writeTimes(await storeIn(t, directory), 1);
  assert.equal(await watchOf(t, store, version).next(), newer.version);
  assert.equal(await watchOf(t, store, null).next(), newer.version);
  await rm(jobsIn(directory), { recursive: true });
  assert.equal(await watchOf(t, store, version).next(), "deleted");
});

void test("what is known already, and other files, are not told", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  const { version } = await writeTimes(store, 1);
  const { told } = watchOf(t, store, version);
  await writeFile(join(jobsIn(directory), "notes.txt"), "not a record");
  await store.read(soon()); // the watch's own look goes before it
  assert.deepEqual(told, []);
});

void test("after close() nothing is told", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  const watch = watchOf(t, store, null);
  watch.close();
  const { next } = watchOf(t, store, null);
  assert.equal((await writeTimes(await storeIn(t, directory), 1)).version, await next());
  assert.deepEqual(watch.told, []);
});

void test("a watch ends once when its store is gone or a record is damaged", async (t) => {
  const directory = join(await folderFor(t), "store");
  const store = await storeIn(t, directory);
  const { version } = await writeTimes(store, 1);
  const first = watchOf(t, store, version);
  await writeFile(join(jobsIn(directory), `${Number(version) + 1}.json`), "");
  assert.equal(await first.next(), "ended: failed");
  await rm(jobsIn(directory), { recursive: true });
  const second = watchOf(t, store, version);
  assert.equal(await second.next(), "deleted");
  await rename(directory, `${directory}-moved`);
  assert.equal(await second.next(), "ended: failed");
  assert.deepEqual([...first.told, ...second.told], []);
});
