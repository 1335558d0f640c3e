import assert from "node:assert/strict";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { folderOf } from "../support/candidate.ts";
import { Witness } from "./witness.ts";

const start = (at: number, pid: number, identity: string): string =>
  `${at * 1e6} ${pid} start 1 root ${identity} 7 ${(at + 1000) * 1e6} ${(at - 10) * 1e6}\n`;
const sign = (at: number, pid: number, what = "alive"): string => `${at * 1e6} ${pid} ${what}\n`;

function told(t: TestContext, journals: Readonly<Record<string, string>>): Witness {
  const folder = folderOf(t);
  for (const [pod, text] of Object.entries(journals)) appendFileSync(join(folder, pod), text);
  return new Witness(folder);
}

test("commands of two pods that ran one after the other did not overlap, although their process ids are the same", (t) => {
  const first = start(100, 20, "a") + sign(200, 20) + sign(205, 20, "stop");
  const witness = told(t, { "pod-a": first, "pod-b": start(210, 20, "b") + sign(300, 20) });
  assert.deepEqual(witness.overlaps(), []);
  assert.deepEqual(
    witness.roots().map(({ pod, first: from, last, stopped }) => [pod, from, last, stopped]),
    [
      ["pod-a", 100, 205, true],
      ["pod-b", 210, 300, false],
    ],
  );
});

test("a sign of life after another pod's command has begun is an overlap", (t) => {
  const witness = told(t, {
    "pod-a": start(100, 20, "a") + sign(200, 20),
    "pod-b": start(210, 20, "b") + sign(300, 20),
  });
  appendFileSync(join(witness.folder, "pod-a"), sign(212, 20));
  assert.deepEqual(witness.overlaps(), ["b began 2.0 ms before the end of a"]);
});

test("a lock that is taken is an overlap, also when the other command gave no sign", (t) => {
  const witness = told(t, {
    "pod-a": start(100, 20, "a"),
    "pod-b": start(210, 20, "b") + sign(210, 20, "refused"),
  });
  assert.deepEqual(witness.overlaps(), ["b found the lock of another command taken"]);
});

test("a container that was started again in its pod is another command, with the same process id", (t) => {
  const once = start(100, 20, "a") + sign(200, 20);
  const witness = told(t, { "pod-a": once + start(300, 20, "b") + sign(310, 20) });
  assert.deepEqual(
    witness.lives().map(({ identity, last }) => [identity, last]),
    [
      ["a", 200],
      ["b", 310],
    ],
  );
  assert.deepEqual(witness.overlaps(), []);
});
