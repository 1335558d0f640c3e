import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { buildWriter, folderFor, startWriter, versionsOf } from "../support/file-store.ts";

interface Acknowledged {
  readonly version: number;
  readonly uid: string;
  readonly transitions: number;
  readonly holder: string;
}

const counterIn = (directory: string): string => join(directory, "default", "counter");

/** What the writers were told is stored; a line that a kill cut off was not yet told to anybody. */
async function acknowledgedIn(paths: readonly string[]): Promise<Acknowledged[]> {
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8").catch(() => "")));
  const lines = texts.flatMap((text) => text.split("\n").slice(0, -1));
  return lines
    .map((line) => line.split(" "))
    .map(([version, uid = "", transitions, holder = ""]) => ({
      version: Number(version),
      uid,
      transitions: Number(transitions),
      holder,
    }))
    .sort((a, b) => a.version - b.version);
}

async function recordAt(directory: string, version: number): Promise<Acknowledged> {
  const text = await readFile(join(counterIn(directory), `${version}.json`), "utf8");
  const { metadata, spec } = JSON.parse(text) as {
    metadata: { uid: string; resourceVersion: string };
    spec: { leaseTransitions: number; holderIdentity: string };
  };
  const { leaseTransitions: transitions, holderIdentity: holder } = spec;
  return { version: Number(metadata.resourceVersion), uid: metadata.uid, transitions, holder };
}

/** Starts one writer more, which goes on without end or for a count of writes. */
function writersIn(t: TestContext, directory: string, program: string) {
  const paths: string[] = [];
  const start = (count: number, mood: string) => {
    const path = join(directory, `acknowledged-${paths.length}`);
    paths.push(path);
    return startWriter(t, program, directory, path, String(count), mood);
  };
  return { paths, start };
}

void test("eight processes count together and lose no write, while old versions are collected under their hands", async (t) => {
  const directory = await folderFor(t);
  const writers = writersIn(t, directory, await buildWriter(directory));
  const each = 25;
  const started = Array.from({ length: 8 }, (_, index) =>
    writers.start(each, index % 2 === 0 ? "impatient" : "patient"),
  );
  const codes = await Promise.all(started.map(async (writer) => (await once(writer, "exit"))[0] as number));
  assert.deepEqual(new Set(codes), new Set([0]));
  const acknowledged = await acknowledgedIn(writers.paths);
  assert.deepEqual(
    acknowledged.map(({ transitions }) => transitions),
    Array.from({ length: 8 * each }, (_, index) => index),
  );
  const last = (await versionsOf(counterIn(directory))).at(-1) ?? 0;
  assert.deepEqual(await recordAt(directory, last), acknowledged.at(-1));
});

void test("writers killed at random leave one unbroken chain with every acknowledged write in it", async (t) => {
  const directory = await folderFor(t);
  const writers = writersIn(t, directory, await buildWriter(directory));
  const kills = 24;
  const lane = async (): Promise<void> => {
    for (let killed = 0; killed < kills / 4; killed++) {
      const writer = writers.start(Infinity, "patient");
      assert.ok(writer.stdout);
      await once(writer.stdout, "data"); // ready
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 120)); // any moment will do
      writer.kill("SIGKILL");
      await once(writer, "exit");
    }
  };
  await Promise.all([lane(), lane(), lane(), lane()]);
  const versions = await versionsOf(counterIn(directory));
  const chain = await Promise.all(versions.map((version) => recordAt(directory, version)));
  const [first] = chain;
  assert.ok(first);
  for (const [index, record] of chain.entries()) {
    const { version, uid, transitions } = record;
    assert.deepEqual([version, uid, transitions], [first.version + index, first.uid, index]);
  }
  const acknowledged = await acknowledgedIn(writers.paths);
  assert.ok(acknowledged.length > 0);
  for (const told of acknowledged) assert.deepEqual(chain[told.version - first.version], told);
  t.diagnostic(`${kills} kills, ${chain.length} versions, ${acknowledged.length} acknowledged`);
});
