import assert from "node:assert/strict";
import { readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { StoredLease, Write } from "../../src/core/lease.ts";
import { recordPath } from "../../src/io/lease-file-place.ts";
import { realFiles } from "../../src/io/lease-file-system.ts";
import {
  clock,
  folderFor,
  gate,
  minutesAhead,
  jobsIn,
  leaseOf,
  muchLater,
  record,
  soon,
  storeIn,
  versionsOf,
  writeTimes,
} from "../support/file-store.ts";

const creation: Write = { base: null, record };

void test("a Lease is missing until it is created, and only one creator gets it", async (t) => {
  const directory = await folderFor(t);
  const [store, other] = [await storeIn(t, directory), await storeIn(t, directory)];
  assert.deepEqual(await store.read(soon()), { kind: "missing" });
  const answers = await Promise.all([store.write(creation, soon()), other.write(creation, soon())]);
  assert.deepEqual(answers.map((answer) => answer.kind).sort(), ["conflict", "stored"]);
  assert.deepEqual((await store.read(soon())).kind, "found");
  assert.equal((await versionsOf(jobsIn(directory))).length, 1);
});

void test("a replace counts only on the version it was made from, and keeps what is foreign", async (t) => {
  const store = await storeIn(t, await folderFor(t));
  const first = leaseOf(await store.write(creation, soon()));
  const object = { ...(first.object as object), status: "foreign" };
  const second = leaseOf(await store.write({ base: { ...first, object }, record }, soon()));
  assert.equal(Number(second.version), Number(first.version) + 1);
  assert.equal(second.uid, first.uid);
  assert.deepEqual(await store.write({ base: first, record }, soon()), { kind: "conflict" });
  assert.deepEqual(await store.write({ base: { ...second, uid: "another" }, record }, soon()), { kind: "conflict" });
  const found = leaseOf(await store.read(soon()));
  assert.deepEqual(found, second);
  assert.equal((found.object as { status: string }).status, "foreign");
});

void test("a record on the disk is the Lease as Kubernetes shows it", async (t) => {
  const directory = await folderFor(t);
  const { version, uid } = await writeTimes(await storeIn(t, directory), 2);
  const text = await readFile(join(jobsIn(directory), `${version}.json`), "utf8");
  const { metadata, ...object } = JSON.parse(text) as { metadata: Record<string, unknown>; kind: string };
  assert.equal(object.kind, "Lease");
  assert.match(String(metadata["creationTimestamp"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.deepEqual(
    [metadata["name"], metadata["namespace"], metadata["uid"], metadata["resourceVersion"]],
    ["jobs", "default", uid, version],
  );
});

void test("sixteen versions stay, and all that are younger than a minute", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  await writeTimes(store, 20);
  assert.equal((await versionsOf(jobsIn(directory))).length, 20);
  const patientNoMore = await storeIn(t, directory, {}, minutesAhead);
  const last = await writeTimes(patientNoMore, 1);
  await patientNoMore.read(soon()); // collecting goes before it
  const versions = await versionsOf(jobsIn(directory));
  assert.equal(versions.length, 16);
  assert.equal(String(versions.at(-1)), last.version);
});

void test("a version is not collected while its predecessor is there", async (t) => {
  const directory = await folderFor(t);
  const names = async (folder: string) => {
    const all = await realFiles.names(folder);
    return all === null || folder !== jobsIn(directory) ? all : all.toSorted().slice(1); // a look that misses the lowest
  };
  await writeTimes(await storeIn(t, directory), 20);
  const shortSighted = await storeIn(t, directory, { names }, minutesAhead);
  await writeTimes(shortSighted, 1);
  await shortSighted.read(soon());
  assert.equal((await versionsOf(jobsIn(directory))).length, 21);
});

void test("a writer that was frozen until its slot had been collected changes nothing, and does not believe it did", async (t) => {
  const directory = await folderFor(t);
  const others = await storeIn(t, directory, {}, minutesAhead);
  const base = await writeTimes(others, 1);
  const slot = recordPath(jobsIn(directory), Number(base.version) + 1);
  const door = gate();
  const link = async (from: string, to: string) => {
    if (to === slot) await door.pass();
    await realFiles.link(from, to);
  };
  const seenMeanwhile: StoredLease[] = [];
  const unlink = async (path: string) => {
    if (path === slot) seenMeanwhile.push(leaseOf(await others.read(soon()))); // while the slot is filled again
    await realFiles.unlink(path);
  };
  const frozen = await storeIn(t, directory, { link, unlink });
  const answer = frozen.write({ base, record: { ...record, holder: "frozen" } }, muchLater());
  await door.reached;
  const last = await writeTimes(others, 40);
  await others.read(soon()); // collecting goes before it
  assert.ok(!(await versionsOf(jobsIn(directory))).includes(Number(base.version) + 1));
  door.open();
  assert.equal((await answer).kind, "failed");
  assert.deepEqual(seenMeanwhile, [last]);
  assert.deepEqual(leaseOf(await others.read(soon())), last);
  assert.ok(!(await versionsOf(jobsIn(directory))).includes(Number(base.version) + 1));
});

void test("a writer that died in the slot of a collected version leaves nothing that counts", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory, {}, minutesAhead);
  const last = await writeTimes(store, 20);
  await store.read(soon());
  const slot = join(jobsIn(directory), `${Number(last.version) - 18}.json`);
  await writeFile(slot, JSON.stringify({ ...(last.object as object), spec: { holderIdentity: "dead" } }));
  assert.deepEqual(leaseOf(await store.read(soon())), last);
  await writeTimes(store, 1);
  await store.read(soon());
  assert.equal((await versionsOf(jobsIn(directory))).length, 16);
});

void test("a write that others built upon before it was answered is stored all the same", async (t) => {
  const directory = await folderFor(t);
  const door = gate();
  const base = await writeTimes(await storeIn(t, directory), 1);
  const syncFolder = async (folder: string) => {
    if (folder === jobsIn(directory)) await door.pass();
    await realFiles.syncFolder(folder);
  };
  const slow = (await storeIn(t, directory, { syncFolder })).write({ base, record }, soon());
  await door.reached;
  await writeTimes(await storeIn(t, directory), 3);
  door.open();
  assert.equal(leaseOf(await slow).version, String(Number(base.version) + 1));
});

void test("a creator that was frozen while another was faster changes nothing", async (t) => {
  const directory = await folderFor(t);
  const door = gate();
  const rename = async (from: string, to: string) => {
    await door.pass();
    await realFiles.rename(from, to);
  };
  const frozen = (await storeIn(t, directory, { rename })).write(creation, soon());
  await door.reached;
  const store = await storeIn(t, directory);
  const created = leaseOf(await store.write(creation, soon()));
  door.open();
  assert.deepEqual(await frozen, { kind: "conflict" });
  assert.deepEqual(leaseOf(await store.read(soon())), created);
  assert.deepEqual(await readdir(join(directory, "default")), ["jobs"]);
});

void test("a deleted Lease is missing; created again it has another uid and a greater version", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  const before = await writeTimes(store, 3);
  await rm(jobsIn(directory), { recursive: true });
  assert.deepEqual(await store.read(soon()), { kind: "missing" });
  assert.deepEqual(await store.write({ base: before, record }, soon()), { kind: "missing" });
  const after = leaseOf(await (await storeIn(t, directory)).write(creation, soon()));
  assert.ok(Number(after.version) > Number(before.version));
  assert.notEqual(after.uid, before.uid);
  assert.deepEqual(await store.write({ base: before, record }, soon()), { kind: "conflict" });
  assert.deepEqual(leaseOf(await store.read(soon())), after);
});

void test("versions grow across a deletion even when the wall clock was set back", async (t) => {
  const directory = await folderFor(t);
  let ahead = 0;
  const store = await storeIn(t, directory, {}, { now: () => clock.now(), wall: () => clock.wall() + ahead });
  const before = await writeTimes(store, 2);
  ahead = -86_400_000;
  await rm(jobsIn(directory), { recursive: true });
  const after = leaseOf(await store.write(creation, soon()));
  assert.equal(Number(after.version), Number(before.version) + 1);
});

void test("a writer from before a deletion cannot write into the Lease that was created after it", async (t) => {
  const directory = await folderFor(t);
  const door = gate();
  const link = async (from: string, to: string) => {
    if (!from.includes(".new-")) await door.pass();
    await realFiles.link(from, to);
  };
  const store = await storeIn(t, directory);
  const base = await writeTimes(store, 1);
  const frozen = (await storeIn(t, directory, { link })).write({ base, record }, soon());
  await door.reached;
  await rm(jobsIn(directory), { recursive: true });
  const created = leaseOf(await store.write(creation, soon()));
  door.open();
  assert.deepEqual(await frozen, { kind: "conflict" });
  assert.deepEqual(await versionsOf(jobsIn(directory)), [Number(created.version)]);
});

void test("when the records alone were deleted, the Lease can be created", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  const { version } = await writeTimes(store, 1);
  await writeFile(join(jobsIn(directory), `${"a".repeat(24)}.tmp`), "of a writer that was killed");
  await rm(join(jobsIn(directory), `${version}.json`));
  assert.equal((await store.write(creation, soon())).kind, "stored");
  assert.equal((await readdir(jobsIn(directory))).length, 1);
});

void test("what killed writers left goes when it is old, and never before", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  await writeTimes(store, 1);
  const [old, young] = ["a", "b"].map((letter) => join(jobsIn(directory), `${letter.repeat(24)}.tmp`)) as [
    string,
    string,
  ];
  const unfinished = join(directory, "default", `.new-${"c".repeat(24)}`);
  for (const path of [old, young, unfinished]) await writeFile(path, "");
  const elevenMinutesAgo = Date.now() / 1000 - 660;
  for (const path of [old, unfinished]) await utimes(path, elevenMinutesAgo, elevenMinutesAgo);
  await writeTimes(store, 1);
  await storeIn(t, directory);
  await store.read(soon());
  const left = [...(await readdir(jobsIn(directory))), ...(await readdir(join(directory, "default")))];
  assert.deepEqual(left.filter((name) => !name.endsWith(".json")).sort(), [`${"b".repeat(24)}.tmp`, "jobs"]);
});
