import assert from "node:assert/strict";
import { test } from "node:test";
import { rightsFlags, rightsOfRun } from "../../src/ask/run-rights.ts";
import { rulesOf } from "../../src/ask/rights.ts";
import { readOptions, type Settings } from "../../src/settings.ts";
import { mayLabel, mayRecord } from "../support/announced.ts";
import { documentedRules } from "../lab/index.ts";

const given = (settings: Readonly<Record<string, string>>): Settings =>
  new Map(
    Object.entries({ "enable-leader-election": "true", "lease-name": "worker", ...settings }).map(([name, text]) => [
      name,
      { by: `--${name}`, text },
    ]),
  );
const rules = (settings: Readonly<Record<string, string>>) =>
  rulesOf(rightsOfRun(readOptions(["true"], given(settings))));

test("a run needs the rights of Events and of a label only when it is asked for them", () => {
  const election = documentedRules("worker");
  assert.deepEqual(rules({}), election);
  assert.deepEqual(rules({ events: "false" }), election);
  assert.deepEqual(rules({ events: "true" }), [...election, mayRecord]);
  assert.deepEqual(rules({ "label-pod": "role=leader" }), [...election, mayLabel]);
});

test("the flags that decide on the rights can be typed as they are told", () => {
  const flags = rightsFlags(given({ events: "1", "label-pod": "role=leader", "renew-deadline": "5s" }));
  assert.deepEqual(flags, ["--lease-name", "worker", "--events=1", "--label-pod", "role=leader"]);
});

test("coordinated election needs LeaseCandidates", () => {
  const coordinated = { coordinated: "auto", "candidate-version": "1.0.0" };
  const [candidates, ...more] = rules(coordinated).slice(documentedRules("worker").length);
  assert.deepEqual([candidates?.resources, more], [["leasecandidates"], []]);
  const flags = ["--lease-name", "worker", "--coordinated=auto", "--candidate-version", "1.0.0"];
  assert.deepEqual(rightsFlags(given(coordinated)).sort(), flags.sort());
});
