import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCommandLine } from "../src/cli.ts";
import type { AnnounceOptions } from "../src/options.ts";

const parse = (args: readonly string[], env: Record<string, string> = {}) =>
  parseCommandLine(["--enable-leader-election", ...args, "--", "true"], env);

function announce(args: readonly string[], env: Record<string, string> = {}): AnnounceOptions {
  const parsed = parse(args, env);
  assert.ok(parsed.kind === "run", JSON.stringify(parsed));
  return parsed.options.announce;
}

const refusal = (label: string): string => {
  const parsed = parse([`--label-pod=${label}`]);
  return parsed.kind === "usage-error" ? parsed.message : `taken: ${JSON.stringify(parsed)}`;
};

test("the cluster is told nothing unless asked for", () => {
  assert.deepEqual(announce([]), { events: false, podLabel: null });
  assert.equal(announce(["--events"]).events, true);
  assert.equal(announce([], { LEADER_EXEC_EVENTS: "1" }).events, true);
  assert.equal(announce(["--events=false"], { LEADER_EXEC_EVENTS: "1" }).events, false);
});

test("what Kubernetes takes for a label is taken", () => {
  const long = "a".repeat(63);
  for (const [key, value] of [
    ["leader-exec/role", "leader"],
    ["role", "leader"],
    ["Example_Role.1", ""],
    [`a.example-1.com/${long}`, long],
    [`${"a".repeat(253)}/r`, "A_b.C-1"],
  ] as const)
    assert.deepEqual(announce(["--label-pod", `${key}=${value}`]).podLabel, { by: "--label-pod", key, value });
  const { podLabel } = announce([], { LEADER_EXEC_LABEL_POD: "role=leader" });
  assert.deepEqual(podLabel, { by: "LEADER_EXEC_LABEL_POD", key: "role", value: "leader" });
});

test("what Kubernetes would refuse is a usage error that says what is wrong, and gives an example", () => {
  const example = "; give KEY=VALUE, for example leader-exec/role=leader";
  for (const label of ["role", "=leader", "role=a=b"])
    assert.equal(refusal(label), `--label-pod "${label}" is no label${example}`);
  for (const label of ["Upper/role=x", "a..b/role=x", "/role=x", "a/b/c=x", `${"a".repeat(254)}/r=x`, "a_b/role=x"])
    assert.match(
      refusal(label),
      /^--label-pod "\S+" has a key with a prefix that Kubernetes does not take: .*leader$/,
      label,
    );
  for (const label of ["-role=x", "role-=x", "a/=x", "ro le=x", `${"a".repeat(64)}=x`, "rôle=x"])
    assert.match(refusal(label), /^--label-pod ".+" has a key that Kubernetes does not take: .*leader$/, label);
  for (const label of ["role=-x", "role=x y", `role=${"a".repeat(64)}`, "role=x/y"])
    assert.match(refusal(label), /^--label-pod ".+" has a value that Kubernetes does not take: .*leader$/, label);
});
