import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMicroTime, leaseObject, parseLease } from "../../src/io/lease-json.ts";
import type { LeaseRecord } from "../../src/core/lease.ts";

const mine: LeaseRecord = {
  holder: "me",
  durationSeconds: 15,
  acquireTime: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  renewTime: Date.UTC(2026, 0, 2, 3, 4, 7, 0),
  transitions: 3,
  markedBy: "me",
  holdUntil: null,
  done: null,
  lastTick: null,
  stepDown: null,
  coordination: null,
};

const foreign = {
  apiVersion: "coordination.k8s.io/v1",
  kind: "Lease",
  metadata: {
    name: "jobs",
    namespace: "default",
    uid: "u-1",
    resourceVersion: "42",
    labels: { team: "blue" },
    annotations: { note: "keep" },
    ownerReferences: [{ name: "owner" }],
    managedFields: [{ manager: "other" }],
  },
  spec: {
    holderIdentity: null,
    renewTime: "2026-01-02T05:04:05.1+02:00",
    strategy: "OldestEmulationVersion",
  },
};

void test("a time has exactly six digits of fraction and Z", () => {
  assert.equal(formatMicroTime(Date.UTC(2026, 0, 2, 3, 4, 5, 6)), "2026-01-02T03:04:05.006000Z");
});

void test("reading tolerates null, missing fields and any form of time", () => {
  const lease = parseLease(foreign);
  assert.deepEqual(lease?.record, {
    holder: "",
    durationSeconds: null,
    acquireTime: null,
    renewTime: Date.UTC(2026, 0, 2, 3, 4, 5, 100),
    transitions: 0,
    markedBy: null,
    holdUntil: null,
    done: null,
    lastTick: null,
    stepDown: null,
    coordination: { strategy: "OldestEmulationVersion", preferredHolder: null },
  });
  assert.equal(lease.version, "42");
});

void test("what is no Lease is not read as one", () => {
  for (const garbage of [
    null,
    [],
    "text",
    {},
    { metadata: { uid: "u" } },
    { metadata: { uid: 1, resourceVersion: 2 } },
  ])
    assert.equal(parseLease(garbage), null, JSON.stringify(garbage));
});

void test("all five fields are always written, and everything foreign survives a replace", () => {
  const object = leaseObject({ base: parseLease(foreign), record: mine }, "jobs", "default");
  assert.deepEqual(object, {
    ...foreign,
    metadata: {
      name: "jobs",
      namespace: "default",
      uid: "u-1",
      resourceVersion: "42",
      labels: { team: "blue" },
      annotations: { note: "keep", "leader-exec/holder": "me" },
      ownerReferences: [{ name: "owner" }],
    },
    spec: {
      strategy: "OldestEmulationVersion",
      holderIdentity: "me",
      leaseDurationSeconds: 15,
      acquireTime: "2026-01-02T03:04:05.006000Z",
      renewTime: "2026-01-02T03:04:07.000000Z",
      leaseTransitions: 3,
    },
  });
});

void test("a release clears the holder with an empty string and takes leader-exec's mark away", () => {
  const held = parseLease({
    ...leaseObject({ base: null, record: mine }, "a", "b"),
    metadata: { uid: "u", resourceVersion: "1" },
  });
  const object = leaseObject(
    { base: held, record: { ...mine, holder: "", durationSeconds: 1, markedBy: null } },
    "a",
    "b",
  );
  assert.deepEqual((object["metadata"] as { annotations: object }).annotations, {});
  assert.equal((object["spec"] as { holderIdentity: string }).holderIdentity, "");
});

void test("the fingerprint follows the content of the spec, not the version", () => {
  const touched = {
    ...foreign,
    metadata: { ...foreign.metadata, resourceVersion: "43", labels: {} },
  };
  const renewed = {
    ...foreign,
    spec: { ...foreign.spec, renewTime: "2026-01-02T05:04:06.1+02:00" },
  };
  const of = (object: unknown) => parseLease(object)?.fingerprint;
  assert.equal(of(foreign), of(touched));
  assert.notEqual(of(foreign), of(renewed));
});

void test("the instant up to which others hold back is an annotation: written, read, taken away; an unreadable one is none", () => {
  const until = Date.UTC(2026, 0, 2, 3, 5);
  const object = leaseObject({ base: null, record: { ...mine, holdUntil: until } }, "jobs", "default");
  const whole = { ...object, metadata: { ...(object["metadata"] as object), uid: "u", resourceVersion: "1" } };
  const annotations = { "leader-exec/holder": "me", "leader-exec/hold-until": "2026-01-02T03:05:00.000000Z" };
  assert.deepEqual((whole.metadata as { annotations?: unknown }).annotations, annotations);
  const held = parseLease(whole);
  assert.equal(held?.record.holdUntil, until);
  const after = leaseObject({ base: held, record: mine }, "jobs", "default");
  assert.deepEqual((after["metadata"] as { annotations?: unknown }).annotations, { "leader-exec/holder": "me" });
  const odd = { ...whole, metadata: { ...whole.metadata, annotations: { "leader-exec/hold-until": "tomorrow" } } };
  assert.equal(parseLease(odd)?.record.holdUntil, null);
});

void test("what --once has recorded is kept as it is, by every write and in any form", () => {
  const read = (value: unknown) =>
    parseLease({ ...foreign, metadata: { ...foreign.metadata, annotations: { "leader-exec/done": value } } });
  const kept = read("whatever it is");
  assert.deepEqual(kept?.record.done, { kind: "unreadable", text: "whatever it is" });
  const object = leaseObject({ base: kept, record: { ...mine, done: kept.record.done } }, "jobs", "default");
  const annotations = { "leader-exec/done": "whatever it is", "leader-exec/holder": "me" };
  assert.deepEqual((object["metadata"] as { annotations?: unknown }).annotations, annotations);
  assert.deepEqual(read({ by: "hand" })?.record.done, { kind: "unreadable", text: '{"by":"hand"}' });
});

void test("a request to step down is read only whole, and everything else asks for nothing", () => {
  const asked = (text: unknown) =>
    parseLease({ metadata: { uid: "u", resourceVersion: "1", annotations: { "leader-exec/step-down": text } } })?.record
      .stepDown;
  const request = { holder: "pod-a_1f", id: "77ab" };
  assert.deepEqual(asked(JSON.stringify({ v: 1, ...request })), request);
  const nothing = ["", "yes", "{}", 7, JSON.stringify({ v: 2, ...request }), JSON.stringify({ v: 1, id: "77ab" })];
  nothing.push(
    JSON.stringify({ v: 1, holder: "a", id: "two words" }),
    JSON.stringify({ v: 1, holder: "", id: "77ab" }),
  );
  for (const text of nothing) assert.equal(asked(text), null, JSON.stringify(text));
});
