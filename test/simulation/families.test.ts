/** What is printed about a seed that failed replays it. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { explain } from "./explain.ts";
import { families, type Family } from "./families.ts";

void test("the hint beside a seed names the variable that replays it, which a test of its family reads", async () => {
  const files = (await readdir(import.meta.dirname)).filter((name) => name.endsWith(".test.ts"));
  const texts = await Promise.all(files.map((name) => readFile(`${import.meta.dirname}/${name}`, "utf8")));
  const all: [string, Family][] = Object.entries(families);
  for (const [name, family] of all) {
    assert.match(explain(7, family, 1), new RegExp(`\\b${family.variable}=7 npm run test:simulation;`));
    const reads = texts.filter((text) => text.includes("seedToReplay(") && text.includes(family.variable));
    assert.ok(reads.length > 0, `no test replays ${family.variable}, of ${name}`);
  }
});
