/** Folders, stores and writer processes for the tests of the file store. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { build } from "esbuild";
import type { LeaseRecord, ReadResult, StoredLease, WriteResult } from "../../src/core/lease.ts";
import { createClock } from "../../src/io/clock.ts";
import { openFileStore } from "../../src/io/lease-file.ts";
import { realFiles, type Files } from "../../src/io/lease-file-system.ts";
import type { LeaseStore } from "../../src/world.ts";

export const clock = createClock();
/** To it, every version is old enough to be collected. */
export const minutesAhead = { now: () => clock.now(), wall: () => clock.wall() + 300_000 };
export const soon = () => clock.now() + 5_000;
/** For a write that is held up on purpose while much else is written. */
export const muchLater = () => clock.now() + 60_000;

export const record: LeaseRecord = {
  holder: "me",
  durationSeconds: 15,
  acquireTime: Date.UTC(2026, 0, 1),
  renewTime: Date.UTC(2026, 0, 1),
  transitions: 0,
  markedBy: "me",
  holdUntil: null,
  done: null,
  lastTick: null,
  stepDown: null,
  coordination: null,
};

/** A folder that goes with the test. */
export async function folderFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "leader-exec-store-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A store for Lease default/jobs that is closed with the test; `faults` replaces operations of the file system. */
export async function storeIn(
  t: TestContext,
  directory: string,
  faults: Partial<Files> = {},
  time = clock,
): Promise<LeaseStore> {
  const files = { ...realFiles, ...faults };
  const store = await openFileStore({ directory, namespace: "default", lease: "jobs", clock: time }, files);
  t.after(() => store.close());
  return store;
}

export const jobsIn = (directory: string): string => join(directory, "default", "jobs");

/** The versions that are there, lowest first. */
export async function versionsOf(folder: string): Promise<number[]> {
  const names = await readdir(folder);
  return names
    .filter((name) => name.endsWith(".json"))
    .map((name) => Number.parseInt(name))
    .sort((a, b) => a - b);
}

export function leaseOf(result: ReadResult | WriteResult): StoredLease {
  if (result.kind === "found" || result.kind === "stored") return result.lease;
  throw new Error(`no Lease: ${JSON.stringify(result)}`);
}

/** Creates the Lease, or replaces it this often; the last one stored. */
export async function writeTimes(store: LeaseStore, times: number): Promise<StoredLease> {
  for (let left = times; ; left--) {
    const found = await store.read(soon());
    const base = found.kind === "found" ? found.lease : null;
    const lease = leaseOf(await store.write({ base, record }, soon()));
    if (left <= 1) return lease;
  }
}

/** A gate in front of an operation: `reached` when somebody stands there. */
export function gate() {
  const reached = signal();
  const opened = signal();
  const pass = (): Promise<void> => {
    reached.give();
    return opened.given;
  };
  return { pass, reached: reached.given, open: opened.give };
}

function signal() {
  let give = (): void => undefined;
  const given = new Promise<void>((resolve) => (give = resolve));
  return { given, give: () => give() };
}

/** Builds the writer once, so that starting many of them is quick. */
export async function buildWriter(folder: string): Promise<string> {
  const outfile = join(folder, "writer.mjs");
  const entry = new URL("../fixtures/file-store-writer.ts", import.meta.url).pathname;
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "error" });
  return outfile;
}

/** A writer process that is gone with the test. */
export function startWriter(t: TestContext, program: string, ...args: string[]): ChildProcess {
  const writer = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(async () => {
    if (writer.exitCode !== null || writer.signalCode !== null) return;
    writer.kill("SIGKILL");
    await once(writer, "exit");
  });
  return writer;
}
