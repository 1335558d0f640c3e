import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import type { StoreFailure } from "../../src/core/lease.ts";
import { openFileStore } from "../../src/io/lease-file.ts";
import { recordPath } from "../../src/io/lease-file-place.ts";
import { realFiles, type Files } from "../../src/io/lease-file-system.ts";
import { LocalTrouble } from "../../src/world.ts";
import {
  clock,
  folderFor,
  gate,
  jobsIn,
  leaseOf,
  record,
  soon,
  storeIn,
  versionsOf,
  writeTimes,
} from "../support/file-store.ts";

const run = promisify(execFile);

function open(directory: string, faults: Partial<Files> = {}, lease = "jobs") {
  return openFileStore({ directory, namespace: "default", lease, clock }, { ...realFiles, ...faults });
}

function refused(says: RegExp) {
  return (error: unknown): boolean => {
    assert.ok(error instanceof LocalTrouble, String(error));
    assert.match(error.message, says);
    return true;
  };
}

function failure(result: { readonly kind: string }, reason: StoreFailure["reason"], says: RegExp): void {
  assert.equal(result.kind, "failed");
  assert.equal((result as StoreFailure).reason, reason);
  assert.match((result as StoreFailure).message, says);
}

/** An error as the system gives it. */
function errno(code: string, syscall = "open"): Error {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
}

void test("a folder that is missing is created, for this user alone", async (t) => {
  const directory = join(await folderFor(t), "new", "store");
  await writeTimes(await storeIn(t, directory), 1);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
});

void test("in a shared folder everything is shared as the folder is, whatever the umask", async (t) => {
  const directory = join(await folderFor(t), "shared");
  await mkdir(directory);
  await run("chmod", ["2775", directory]);
  const before = process.umask(0o077);
  t.after(() => process.umask(before));
  const { version } = await writeTimes(await storeIn(t, directory), 2);
  assert.equal((await stat(jobsIn(directory))).mode & 0o777, 0o775);
  assert.equal((await stat(recordPath(jobsIn(directory), Number(version)))).mode & 0o777, 0o664);
});

void test("a path that is a file, or leads through one, is refused", async (t) => {
  const file = join(await folderFor(t), "file");
  await writeFile(file, "");
  await assert.rejects(open(file), refused(/ is a file; give a folder/));
  await assert.rejects(open(join(file, "below")), refused(/cannot be used: a part of the path is a file/));
  if (process.platform === "linux")
    await assert.rejects(open("/proc/leases"), refused(/\/proc\/leases cannot be used/));
});

void test("a folder that cannot be written is refused at the start", async (t) => {
  const directory = await folderFor(t);
  for (const [code, says] of [
    ["EACCES", /permission denied; give/],
    ["EROFS", /read-only; mount/],
  ] as const) {
    await assert.rejects(open(directory, { makeFolder: () => Promise.reject(errno(code)) }), refused(says));
  }
});

void test("a folder of another user is refused at the start", async (t) => {
  if (process.getuid?.() !== 0) {
    t.skip("needs root, to be another user");
    return;
  }
  const directory = await folderFor(t);
  const program = 'import("node:fs").then(({mkdirSync}) => mkdirSync(process.argv[1]))';
  await assert.rejects(
    run(process.execPath, ["-e", program, join(directory, "x")], { uid: 65534, gid: 65534 }),
    /EACCES/,
  );
});

void test("network file systems are refused, local ones are not", async (t) => {
  const directory = await folderFor(t);
  for (const [type, name] of [
    [0x6969, "NFS"],
    [0xff534d42, "CIFS"],
    [-11317950, "CIFS"],
    [0x01021997, "9P"],
    [0x65735546, "FUSE"],
  ] as const) {
    await assert.rejects(
      open(directory, { typeOf: () => Promise.resolve(type) }),
      refused(new RegExp(`network.*${name}`)),
    );
  }
  for (const type of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1]) {
    (await open(directory, { typeOf: () => Promise.resolve(type) })).close();
  }
});

void test("a file system without hard links is refused, and nothing is left there", async (t) => {
  const directory = await folderFor(t);
  const link = () => Promise.reject(errno("EPERM", "link"));
  await assert.rejects(open(directory, { link }), refused(/has no hard links/));
  assert.deepEqual(await readdir(join(directory, "default")), []);
});

void test("no name leads out of the folder", async (t) => {
  const directory = await folderFor(t);
  for (const lease of ["..", "../other", "/etc", "", ".new-x"])
    await assert.rejects(open(directory, {}, lease), refused(/cannot name a Lease/));
});

void test("a damaged record is never taken for a free Lease, and the user is told what to do", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  const base = await writeTimes(store, 3);
  const path = recordPath(jobsIn(directory), Number(base.version));
  const says = /is damaged: it holds .* Stop all candidates .* delete the folder .*, and start them again\.$/;
  for (const spoil of [
    () => truncate(path, 40),
    () => truncate(path, 0),
    () => writeFile(path, "{}"),
    () => writeFile(path, JSON.stringify({ metadata: { uid: base.uid, resourceVersion: "7" } })),
  ]) {
    await spoil();
    failure(await store.read(soon()), "damaged", says);
    failure(await store.write({ base, record }, soon()), "damaged", says);
    assert.deepEqual(await store.write({ base: null, record }, soon()), { kind: "conflict" });
  }
  await rm(jobsIn(directory), { recursive: true });
  assert.equal((await store.write({ base: null, record }, soon())).kind, "stored");
});

void test("an older record is not believed while a newer one is known", async (t) => {
  const directory = await folderFor(t);
  const store = await storeIn(t, directory);
  const { version } = await writeTimes(store, 3);
  await rm(recordPath(jobsIn(directory), Number(version)));
  failure(await store.read(soon()), "damaged", /newer records that were there have been deleted/);
});

void test("a store that was moved away is not a deleted Lease", async (t) => {
  const directory = join(await folderFor(t), "store");
  const store = await storeIn(t, directory);
  await rename(directory, `${directory}-moved`);
  failure(await store.read(soon()), "unwritable", /deleted, replaced or unmounted/);
  await mkdir(directory);
  failure(await store.read(soon()), "unwritable", /deleted, replaced or unmounted/);
  failure(await store.write({ base: null, record }, soon()), "unwritable", /bring it back/);
});

void test("a disk that cannot be written later is a failure that says why, and nothing is left behind", async (t) => {
  const directory = await folderFor(t);
  let fault: Error | null = null;
  const writeNew: Files["writeNew"] = async (...args) => {
    await realFiles.writeNew(...args);
    if (fault !== null) throw fault;
  };
  const store = await storeIn(t, directory, { writeNew });
  const base = await writeTimes(store, 1);
  for (const [code, reason, says] of [
    ["ENOSPC", "unwritable", /cannot be written: no space is left on the disk; free some\.$/],
    ["EROFS", "unwritable", /read-only; mount/],
    ["EACCES", "unwritable", /permission denied; give/],
    ["EMFILE", "unexpected", /too many open files; raise/],
    ["EIO", "unexpected", /the disk reports an error; look/],
    ["EXYZ", "unexpected", /EXYZ/],
  ] as const) {
    fault = errno(code);
    failure(await store.write({ base, record }, soon()), reason, says);
  }
  fault = null;
  assert.equal((await readdir(jobsIn(directory))).length, 1);
  assert.equal((await store.write({ base, record }, soon())).kind, "stored");
});

void test("a full disk loses nothing, and the store goes on when there is space again", async (t) => {
  const directory = await folderFor(t);
  try {
    await run("mount", ["-t", "tmpfs", "-o", "size=64k,mode=700", "none", directory]);
  } catch {
    t.skip("needs root and the right to mount, for a small disk");
    return;
  }
  try {
    const store = await storeIn(t, directory);
    const base = await writeTimes(store, 1);
    const ballast = join(directory, "ballast");
    await assert.rejects(writeFile(ballast, Buffer.alloc(1 << 20)), /ENOSPC/);
    failure(await store.write({ base, record }, soon()), "unwritable", /no space is left/);
    assert.deepEqual(leaseOf(await store.read(soon())), base);
    await rm(ballast);
    assert.equal((await store.write({ base, record }, soon())).kind, "stored");
    assert.equal((await versionsOf(jobsIn(directory))).length, 2);
  } finally {
    await run("umount", ["-l", directory]);
  }
});

void test("a file system that hangs is answered for by the deadline, and keeps one thread only", async (t) => {
  const directory = await folderFor(t);
  const door = gate();
  let asked = 0;
  let hangs = false;
  const names = async (folder: string) => {
    asked++;
    if (hangs) await door.pass();
    return realFiles.names(folder);
  };
  const store = await storeIn(t, directory, { names });
  const base = await writeTimes(store, 1);
  await store.read(soon());
  [hangs, asked] = [true, 0];
  const first = store.read(clock.now() + 30);
  const queued = store.write({ base, record }, clock.now() + 60);
  failure(await first, "timeout", /gave no answer within \d+ ms; if this goes on/);
  failure(await queued, "timeout", /no answer/);
  failure(await store.read(clock.now() + 60_000), "timeout", /no answer/);
  assert.equal(asked, 1);
  hangs = false;
  door.open();
  let again = await store.read(soon());
  while (again.kind === "failed") {
    await new Promise(setImmediate);
    again = await store.read(soon());
  }
  assert.deepEqual(leaseOf(again), base); // what nobody waited for was not written
});

void test("a write whose deadline has passed is not begun to be visible", async (t) => {
  const directory = await folderFor(t);
  const door = gate();
  const base = await writeTimes(await storeIn(t, directory), 1);
  const writeNew: Files["writeNew"] = async (...args) => {
    if (!args[0].includes(".new-")) await door.pass();
    await realFiles.writeNew(...args);
  };
  const over = gate();
  const unlink: Files["unlink"] = async (path) => {
    await realFiles.unlink(path);
    over.open();
  };
  const store = await storeIn(t, directory, { writeNew, unlink });
  failure(await store.write({ base, record }, clock.now() + 30), "timeout", /no answer/);
  door.open();
  await over.pass();
  assert.deepEqual(leaseOf(await (await storeIn(t, directory)).read(soon())), base);
});

void test("close() answers who still waits", async (t) => {
  const store = await storeIn(t, await folderFor(t));
  const answer = store.read(clock.now() + 60_000);
  store.close();
  assert.equal((await answer).kind, "failed");
  assert.equal((await store.read(soon())).kind, "failed");
});
