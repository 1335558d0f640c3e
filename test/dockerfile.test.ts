import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "..", name), "utf8");
const { version } = JSON.parse(read("package.json")) as { version: string };
const dockerfile = read("Dockerfile");

test("the image says the version that package.json says", () => {
  assert.equal(/^ARG VERSION=(.*)$/m.exec(dockerfile)?.[1], version);
});

test("no npm stands between the signals and leader-exec", () => {
  const starts = dockerfile.match(/^(ENTRYPOINT|CMD) .*$/gm) ?? [];
  assert.equal(starts.length, 2);
  for (const line of starts) assert.doesNotMatch(line, /\b(npm|npx|sh)\b/);
});
