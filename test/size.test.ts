import assert from "node:assert/strict";
import { test } from "node:test";
import { sizes } from "../scripts/size.mjs";

void test("no bundle and no package is larger than its limit in bench/sizes.json", () => {
  const all = sizes();
  assert.equal(all.length, 15);
  for (const { name, size, limit } of all) {
    assert.ok(size <= limit, `${name} has ${size} bytes, its limit is ${limit}; raise it on purpose only`);
  }
});
