import assert from "node:assert/strict";
import { test } from "node:test";
import { factsOf } from "../../src/ask/facts.ts";
import { candidatesBelow } from "../../src/ask/status-candidates.ts";
import { jsonOf } from "../../src/ask/status-json.ts";
import { tableOf } from "../../src/ask/status-table.ts";
import { electorateOf, type Electorate, type Standing } from "../../src/io/lease-electorate.ts";
import type { KubernetesPeer } from "../../src/io/kubernetes-peer.ts";
import { epoch, lease } from "../support/core.ts";

const at = { namespace: "jobs", name: "worker" };
const now = epoch + 4_000;
const facts = factsOf(
  at,
  lease({ coordination: { strategy: "OldestEmulationVersion", preferredHolder: "b\x1b" }, holder: "a" }),
  now,
);
const plain = factsOf(at, lease(), now);
const standing = (identity: string, change: Partial<Standing> = {}): Standing => ({
  ...{ identity, binaryVersion: "1.1.0", emulationVersion: "1.1.0", strategy: "OldestEmulationVersion" },
  ...{ registered: epoch, answered: epoch, asked: null },
  ...change,
});
const known = (...candidates: Standing[]): Electorate => ({ kind: "known", candidates });

void test("candidates are listed as the server prefers them, with what it waits for", () => {
  const older = standing("b\x1b", { emulationVersion: "1.0.0", asked: epoch + 3_000 });
  const text = candidatesBelow(facts, known(standing("a"), older), now);
  assert.match(text, /^worker: coordinated by the strategy OldestEmulationVersion\n\nCANDIDATE /);
  assert.match(
    text,
    /\nb\uFFFD +1\.1\.0 +1\.0\.0 .* not since it was asked 1s ago +preferred\na +.* 4s ago +holder\n$/,
  );
  assert.match(tableOf([facts], now, false), /worker: the API server has asked a to make way for b\uFFFD/);
});

void test("two strategies of the highest version are told, with what becomes of a holder", () => {
  const two = known(standing("a"), standing("b", { strategy: "x.io/y" }));
  assert.match(
    candidatesBelow(facts, two, now),
    /elects nobody, because .*two strategies.*the holder stays until it ends\n/,
  );
  assert.match(candidatesBelow(factsOf(at, null, now), two, now), /^worker: the server elects nobody, because/);
  assert.match(jsonOf(facts, now, false, two), /"candidatesMessage": "the server elects nobody/);
});

void test("that candidates cannot be read is one line below a Lease with a strategy, and nothing below another", () => {
  for (const kind of ["unknown", "unserved"] as const) {
    const not = { kind, message: "no right" };
    assert.match(candidatesBelow(facts, not, now), /\nworker: its candidates are not known: no right\n$/);
    assert.equal(candidatesBelow(plain, not, now), "");
    assert.equal((JSON.parse(jsonOf(facts, now, false, not)) as { candidates: unknown }).candidates, null);
  }
  assert.equal(candidatesBelow(plain, known(), now), "");
});

const answers: readonly (readonly [number, number, Electorate["kind"]])[] = [
  [200, 200, "known"],
  [404, 200, "known"],
  [404, 404, "unserved"],
  [403, 200, "unknown"],
  [500, 200, "unknown"],
];
for (const [beta, alpha, kind] of answers) {
  void test(`v1beta1 is answered ${beta} and v1alpha2 ${alpha}: the candidates are ${kind}`, async () => {
    const item = (name: string, leaseName: string) => ({ metadata: { name }, spec: { leaseName } });
    const body = JSON.stringify({ items: [item("a", "worker"), item("b", "other"), {}, null] });
    const ask: KubernetesPeer["ask"] = ({ path }) =>
      Promise.resolve({ status: path.includes("/v1beta1/") ? beta : alpha, headers: {}, body });
    const peer = { namespace: "jobs", ask } as unknown as KubernetesPeer;
    const found = await electorateOf(peer, "worker", 0);
    assert.equal(found.kind, kind);
    if (found.kind === "known")
      assert.deepEqual(
        found.candidates.map(({ identity }) => identity),
        ["a"],
      );
  });
}
