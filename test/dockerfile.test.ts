import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "..", name), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };
const dockerfile = read("Dockerfile");

test("both images say the version that package.json says", () => {
  const versions = [...dockerfile.matchAll(/^ARG VERSION=(.*)$/gm)].map(([, said]) => said);
  assert.deepEqual(versions, [version, version]);
});

test("no npm stands between the signals and leader-exec", () => {
  const starts = dockerfile.match(/^(ENTRYPOINT|CMD) .*$/gm) ?? [];
  assert.equal(starts.length, 3, "that of the image with its own Node, which copies itself, is one of them");
  for (const line of starts) assert.doesNotMatch(line, /\b(npm|npx|sh)\b/);
});
