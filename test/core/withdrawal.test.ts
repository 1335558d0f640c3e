import assert from "node:assert/strict";
import { test } from "node:test";
import type { Elector } from "../../src/core/elector.ts";
import { step } from "../../src/core/lifecycle.ts";
import * as at from "../support/core.ts";
import { kinds, lease, only, turn } from "../support/core.ts";

const server: Elector = { kind: "server", heardAt: 0, standIn: false };

void test("where the server elects, who has lost the Lease is no candidate any more, however long its tree takes to die", () => {
  const [late, lost] = step(at.running(), { kind: "tick" }, turn(10_005, { elector: server }));
  assert.equal(late.phase, "stopping");
  assert.deepEqual(kinds(lost), ["report lost", "forward", "candidacy"]);
  assert.equal(only(lost, "candidacy").wish, "withdraw");
  const other = lease({ transitions: 5 }, "12");
  const [, taken] = step(at.running(), { kind: "watched", lease: other }, turn(1_000, { elector: server }));
  assert.deepEqual(kinds(taken), ["kill-tree", "report lost", "candidacy", "report killing"]);
});

void test("where candidates elect among themselves there is nothing to withdraw", () => {
  const [, lost] = step(at.running(), { kind: "tick" }, turn(10_005));
  assert.deepEqual(kinds(lost), ["report lost", "forward"]);
});
