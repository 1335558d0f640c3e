/** What the contention benchmark counts, on an audit log by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { changeOfHands } from "../../bench/change-of-hands.ts";
import type { AuditEntry } from "../lab/index.ts";

let at = 0;

function entry(verb: string, status: number, holderIdentity?: string): AuditEntry {
  const body = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", spec: { holderIdentity } };
  return {
    ...{
      id: String(++at),
      at,
      doneAt: at + 0.5,
      user: "",
      userAgent: "",
      verb,
      uri: "/leases/job",
      resource: "leases",
    },
    ...{ namespace: "", name: "job", status, responseObject: undefined },
    requestObject: holderIdentity === undefined ? undefined : (body as unknown as AuditEntry["requestObject"]),
  };
}

void test("a hand-over counts its release and every try to acquire, and no renewal", () => {
  const entries = [
    entry("update", 200, "old"), // its last renewal
    entry("update", 200, ""),
    entry("update", 200, "new"),
    entry("update", 409, "late"),
    entry("update", 409, "later"),
    entry("get", 200),
    entry("update", 200, "new"), // its first renewal
  ];
  const { releasedAt, ...counted } = changeOfHands(entries);
  assert.deepEqual(counted, { puts: 4, conflicts: 2, reads: 1, winners: 1 });
  assert.equal(releasedAt, entries[1]?.doneAt);
});

void test("two candidates that both acquired the Lease are counted as two winners", () => {
  const entries = [entry("update", 200, ""), entry("update", 200, "new"), entry("update", 200, "newer")];
  assert.equal(changeOfHands(entries).winners, 2);
});

void test("a log without a release is refused, so that nothing is counted of something else", () => {
  assert.throws(() => changeOfHands([entry("update", 409, ""), entry("update", 200, "new")]), /no release/);
});
