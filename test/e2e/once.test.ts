/** `--once`: one recorded success, whatever is killed, broken or edited; on both stores. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { Done } from "../../src/core/lease.ts";
import { createClock } from "../../src/io/clock.ts";
import { formatDone } from "../../src/io/done-json.ts";
import { openFileStore } from "../../src/io/lease-file.ts";
import { describeWithLab, leasePath, until, type Lab } from "../lab/index.ts";
import { Candidates, folderOf, isThere } from "../support/candidate.ts";
import { onServer } from "./stores.ts";

/** Candidates for one Lease, and a hand that reads and edits the annotation. */
interface Place {
  readonly candidates: Candidates;
  readonly annotation: () => Promise<string | undefined>;
  readonly annotate: (text: string | null) => Promise<void>;
}

const once = ["--once", "schema 42"];
const quick = { PROBE_FOR: "50" };
const clock = createClock();

async function onFiles(t: TestContext): Promise<Place> {
  const directory = join(folderOf(t), "leases");
  const store = await openFileStore({ directory, namespace: "default", lease: "leader-exec", clock });
  t.after(() => store.close());
  const soon = (): number => clock.now() + 5_000;
  const lease = async () => {
    const found = await store.read(soon());
    return found.kind === "found" ? found.lease : null;
  };
  return {
    candidates: new Candidates(t, ["--lease-store", `file:${directory}`]),
    annotation: async () => (await lease())?.record.done?.text ?? undefined,
    annotate: async (text) => {
      const done: Done | null = text === null ? null : { kind: "unreadable", text };
      await until("the edit is stored", async () => {
        const base = await lease();
        assert.ok(base);
        return (await store.write({ base, record: { ...base.record, done } }, soon())).kind === "stored";
      });
    },
  };
}

async function onApiServer(lab: Lab, t: TestContext): Promise<Place> {
  const { candidates, namespace, lease } = await onServer(lab, t);
  const path = leasePath(namespace, lease);
  return {
    candidates,
    annotation: async () => (await lab.admin("GET", path)).object.metadata?.annotations?.["leader-exec/done"],
    annotate: async (text) => {
      const edited = await lab.admin("PATCH", path, { metadata: { annotations: { "leader-exec/done": text } } });
      assert.equal(edited.status, 200, edited.text);
    },
  };
}

describe("--once, on the file store", () => rules(onFiles));
await describeWithLab("--once, on a real API server", (lab) => {
  rules((t) => onApiServer(lab(), t));

  test("a success that the API server does not take is told of, and is not 0", async (t) => {
    const { candidates, user } = await onServer(lab(), t);
    // Above the shortest times, so that what was started does not run into the renew deadline before it ends.
    const patient = ["--lease-duration", "9s", "--renew-deadline", "6s"];
    const [command, begun, end] = endless(t);
    const unlucky = candidates.start({ args: [...once, ...patient], command });
    await begun();
    await user.role.remove("update");
    end();
    assert.equal(await unlucky.code(), 75);
    assert.match(
      unlucky.records().at(-1)?.message ?? "",
      /^the command succeeded, but this could not be recorded, so "schema 42" will run again \(--once\): .*is not allowed to update the Lease/,
    );
  });
});

function rules(newPlace: (t: TestContext) => Promise<Place>): void {
  test("of five candidates one runs the command, all end with 0, and so does one that comes later", async (t) => {
    const { candidates, annotation } = await newPlace(t);
    const five = [1, 2, 3, 4, 5].map(() => candidates.start({ args: once, env: { PROBE_FOR: "300" } }));
    for (const each of five) assert.equal(await each.code(), 0, each.stderr);
    assert.equal(candidates.journal.lives().length, 1);
    const lasts = five.map((each) => each.records().at(-1)?.message ?? "").sort();
    assert.equal(lasts.filter((last) => /"schema 42" is recorded as done/.test(last)).length, 1);
    assert.equal(lasts.filter((last) => /^"schema 42" was done at 2\S+Z: nothing to run/.test(last)).length, 4);
    assert.match((await annotation()) ?? "", /^\{"v":1,"keys":\{"[\w-]{22}":\{"at":"[^"]+Z"\}\}\}$/);
    const late = candidates.start({ args: [...once, "--nonblock"] });
    assert.equal(await late.code(), 0);
    const quiet = candidates.start({ args: [...once, "-q"] });
    assert.equal(await quiet.code(), 0);
    assert.equal(quiet.stderr, "");
    assert.equal(candidates.journal.lives().length, 1);
    assert.equal(await candidates.start({ args: ["--once", "schema 43"], env: quick }).code(), 0);
    assert.equal(await candidates.start({ env: quick }).code(), 0);
    assert.equal(candidates.journal.lives().length, 3, "another key runs, and so does a candidate without one");
    assert.equal(await candidates.start({ args: once }).code(), 0);
    assert.equal(candidates.journal.lives().length, 3, "and they have forgotten nothing");
  });

  test("a failure ends its candidate with the command's code, and the next one tries at once", async (t) => {
    const { candidates } = await newPlace(t);
    const failing = candidates.start({ args: once, env: { PROBE_FOR: "1500", PROBE_EXIT: "7" } });
    await candidates.journal.start(1);
    const next = [1, 2].map(() => candidates.start({ args: once, env: quick }));
    assert.equal(await failing.code(), 7);
    for (const each of next) assert.equal(await each.code(), 0, each.stderr);
    assert.equal(candidates.journal.lives().length, 2);
    assert.deepEqual(candidates.journal.overlaps(), []);
  });

  test("kill -9 between a success and its record: the next one runs it again", async (t) => {
    const { candidates, annotation } = await newPlace(t);
    const killed = candidates.start({ args: once, env: { PROBE_FOR: "2000" } });
    const { pid } = await candidates.journal.start(1);
    killed.kill("SIGSTOP");
    await until("the command has ended", () => !isThere(pid));
    killed.kill("SIGKILL");
    await killed.exited;
    assert.equal(await annotation(), undefined);
    const next = candidates.start({ args: once, env: quick });
    assert.equal(await next.code(), 0);
    const [first, second, ...more] = candidates.journal.lives();
    assert.ok(first && second && second.first > first.last && more.length === 0);
    assert.equal(await candidates.start({ args: once }).code(), 0);
    assert.equal(candidates.journal.lives().length, 2);
  });

  test("a command that ends with 0 because it was told to stop has not succeeded", async (t) => {
    const { candidates, annotation } = await newPlace(t);
    const stopped = candidates.start({ args: once });
    await candidates.journal.start(1);
    stopped.kill("SIGTERM");
    assert.equal(await stopped.code(), 143);
    assert.equal(await annotation(), undefined);
    assert.equal(await candidates.start({ args: once, env: quick }).code(), 0);
    assert.equal(candidates.journal.lives().length, 2);
  });

  test("--once-ttl forgets a success after its time, and the next record leaves out what is forgotten", async (t) => {
    const { candidates, annotation, annotate } = await newPlace(t);
    assert.equal(await candidates.start({ env: quick }).code(), 0);
    await annotate('{"v":1,"keys":{"over":{"at":"2020-01-02T03:04:05Z","until":"2020-01-03T03:04:05Z"}}}');
    const brief = { args: [...once, "--once-ttl", "2s"], env: quick };
    assert.equal(await candidates.start(brief).code(), 0);
    const entries = Object.entries(keysIn(await annotation()));
    assert.equal(entries.length, 1);
    assert.match(entries[0]?.[0] ?? "", /^[\w-]{22}$/);
    const end = Date.parse(entries[0]?.[1].until ?? "");
    await until("it runs again", async () => {
      assert.equal(await candidates.start(brief).code(), 0);
      return candidates.journal.lives().length > 2;
    });
    assert.ok(Date.now() > end, "not before its time");
  });

  const flaws = [
    ["cannot be read", "done!", /cannot be read.*repair it, or remove it/],
    [
      "was written by a newer version",
      '{"v":2,"keys":[]}',
      /was written by a newer version of leader-exec; use that one/,
    ],
    ["is full", full(), /has 200 keys.*use another --lease-name, or --once-ttl.*or remove the annotation/],
  ] as const;
  for (const [what, text, sentence] of flaws)
    test(`a record that ${what}: 125 before anything runs, and it stays as it is`, async (t) => {
      const { candidates, annotation, annotate } = await newPlace(t);
      assert.equal(await candidates.start({ args: once, env: quick }).code(), 0);
      await annotate(text);
      const refused = candidates.start({ args: ["--once", "schema 43"] });
      assert.equal(await refused.code(), 125);
      const last = refused.records().at(-1)?.message ?? "";
      assert.match(last, sentence);
      assert.match(last, /^"schema 43" was not run: the annotation leader-exec\/done of the Lease \S+\/\S+ /);
      assert.equal(candidates.journal.lives().length, 1);
      assert.equal(await candidates.start({ env: quick }).code(), 0, "without --once it does not matter");
      assert.equal(await annotation(), text);
      await annotate(null);
      assert.equal(await candidates.start({ args: once, env: quick }).code(), 0);
      assert.equal(candidates.journal.lives().length, 3, "the remedy helps");
    });

  test("an edit of the record while the command runs is kept; one that cannot be read is too, and then the end is not 0", async (t) => {
    const { candidates, annotation, annotate } = await newPlace(t);
    const [command, begun, end] = endless(t);
    const edited = candidates.start({ args: once, command });
    await begun();
    await annotate('{"v":1,"keys":{"by-hand":{"at":"2026-01-02T03:04:05Z"}}}');
    end();
    assert.equal(await edited.code(), 0, edited.stderr);
    assert.deepEqual(Object.keys(keysIn(await annotation())).length, 2);
    const [another, begunToo, endToo] = endless(t);
    const spoiled = candidates.start({ args: ["--once", "schema 43"], command: another });
    await begunToo();
    await annotate("done!");
    endToo();
    assert.equal(await spoiled.code(), 75);
    assert.match(
      spoiled.records().at(-1)?.message ?? "",
      /will run again \(--once\): the annotation .* cannot be read/,
    );
    assert.equal(await annotation(), "done!");
  });
}

/** A command that succeeds when it is told to; what waits for its begin, and what tells it. */
function endless(t: TestContext): [command: string[], begun: () => Promise<unknown>, end: () => void] {
  const file = join(folderOf(t), "end");
  const script = `touch ${file}.begun; until [ -e ${file} ]; do sleep 0.05; done`;
  const begun = () => until("the command has begun", () => existsSync(`${file}.begun`));
  return [["sh", "-c", script], begun, () => writeFileSync(file, "")];
}

const keysIn = (text = "") => (JSON.parse(text) as { keys: Record<string, { until?: string }> }).keys;

function full(): string {
  const at = Date.UTC(2026, 0, 2);
  const keys = Array.from({ length: 200 }, (_, each): [string, { at: number; until: number }] => [
    `another-key-${each}`,
    { at, until: Infinity },
  ]);
  return formatDone({ kind: "keys", keys: new Map(keys), text: null });
}
