import assert from "node:assert/strict";
import { test } from "node:test";
import { account, deal, parts, runsIn, selectionOf } from "./selection.ts";
import { entryOf, faults } from "./table.ts";

void test("a run tells which faults are in it, and which were left out", (t) => {
  const selection = selectionOf(process.env);
  for (const line of account(selection)) t.diagnostic(line);
  const left = faults.filter((name) => runsIn(selection, name) === 0);
  for (const name of left) assert.ok(account(selection).includes(`left out: ${name}`));
});

void test("after one day for each part CI has run every fault in whole, and the quick selection every day", () => {
  const days = Array.from({ length: parts }, (_, day) => selectionOf({ CI: "true" }, (20_000 + day) * 86_400_000));
  for (const name of faults) {
    const [quick, whole] = entryOf(name);
    assert.ok(
      days.some((day) => runsIn(day, name) === whole),
      `${name} is run in whole`,
    );
    assert.ok(
      days.every((day) => runsIn(day, name) >= quick),
      `${name} is run each day`,
    );
  }
});

void test("every fault is in one part, and no part takes longer than four minutes", () => {
  assert.deepEqual(deal().flat().sort(), [...faults].sort());
  const seconds = deal().map((names) => names.reduce((sum, name) => sum + entryOf(name)[2], 0));
  assert.ok(Math.max(...seconds) <= 240, `they take ${seconds.join(", ")} s: deal into more parts`);
});

void test("FAULTS says what is run, also where CI=true", () => {
  const one = faults.filter((name) => runsIn(selectionOf({ CI: "true", FAULTS: `part:${parts}` }), name) > 0);
  assert.deepEqual(one.sort(), [...(deal().at(-1) ?? [])].sort());
  assert.deepEqual(selectionOf({ CI: "true", FAULTS: "quick" }), { kind: "quick" });
  assert.deepEqual(selectionOf({ FAULTS: "all" }), { kind: "all" });
  assert.deepEqual(selectionOf({}), { kind: "quick" });
  assert.throws(() => selectionOf({ FAULTS: `part:${parts + 1}` }), /say quick, all, or part:1 to part:/);
});

void test("all files of one run mean the same part, also around midnight", () => {
  const [before, after] = [1, 2].map((day) => selectionOf({ CI: "true", FAULTS_DAY: "5" }, day * 86_400_000));
  assert.deepEqual(before, after);
});
