import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { load, loadAll } from "js-yaml";
import { rightsFor, rulesOf, type PolicyRule } from "../../src/ask/rights.ts";
import { manifestsOf, yamlOf, type Grant } from "../../src/ask/role.ts";
import { subjectOf } from "../../src/ask/subject.ts";

const rights = rightsFor({ leaseName: "worker", purpose: "run" });
const grant: Grant = {
  name: "worker-leader-election",
  namespace: "default",
  subject: { kind: "ServiceAccount", name: "worker", namespace: undefined },
  rights,
};

interface Manifest {
  readonly kind: string;
  readonly rules?: readonly PolicyRule[];
}

void test("deploy/rbac.yaml is what leader-exec rbac prints for its names", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "deploy", "rbac.yaml"), "utf8");
  const deployed = (loadAll(text) as Manifest[]).filter(({ kind }) => kind !== "ServiceAccount");
  assert.deepEqual(deployed, manifestsOf(grant));
});

void test("deploy/rbac-extras.yaml has the rights of Events and of a pod's label, and no others", () => {
  const text = readFileSync(join(import.meta.dirname, "..", "..", "deploy", "rbac-extras.yaml"), "utf8");
  const [role] = loadAll(text) as Manifest[];
  const extras = { events: true, podLabel: true, coordinated: false };
  const more = rightsFor({ leaseName: "worker", purpose: "run", extras }).slice(rights.length);
  assert.deepEqual(role?.rules, rulesOf(more));
});

void test("the candidates of a coordinated election are listed by who looks, if asked for; each missing verb has its own consequence", () => {
  const extras = { events: false, podLabel: false, coordinated: true };
  const asked = (purpose: "run" | "status") =>
    rightsFor({ leaseName: "worker", purpose, extras }).filter(({ resource }) => resource === "leasecandidates");
  assert.deepEqual(rulesOf(asked("status"))[0]?.verbs, ["list"]);
  assert.equal(new Set(asked("run").map(({ without }) => without)).size, 6);
  assert.deepEqual(rightsFor({ leaseName: "worker", purpose: "status" }).length, 3);
});

void test("as YAML the manifests are the same as in JSON, whatever the names look like", () => {
  const names = [
    "worker",
    "1",
    "1e3",
    "true",
    "null",
    "2024-01-01",
    "a.b-c",
    "0x1f",
    "no",
    "y",
    "system:x",
    "jo@x",
    "#a",
    "- b",
  ];
  for (const name of names) {
    for (const kind of ["User", "Group"] as const) {
      const odd: Grant = { ...grant, name: `${name}-status`, namespace: name, subject: { kind, name } };
      assert.deepEqual(loadAll(yamlOf([odd], ["a comment"])), manifestsOf(odd), name);
    }
    const account: Grant = {
      ...grant,
      namespace: undefined,
      subject: { kind: "ServiceAccount", name, namespace: "x" },
    };
    assert.deepEqual(loadAll(yamlOf([grant, account], [])), [...manifestsOf(grant), ...manifestsOf(account)]);
  }
});

void test("one rule has all verbs on one object, and only what cannot be named is unnamed", () => {
  const [named, unnamed, ...more] = rulesOf(rights);
  assert.deepEqual(more, []);
  assert.deepEqual([named?.resourceNames, named?.verbs], [["worker"], ["get", "update", "watch"]]);
  assert.deepEqual([unnamed?.resourceNames, unnamed?.verbs], [undefined, ["create"]]);
});

void test("Events, a label on the pod and coordinated election need more rights, and only when they are asked for", () => {
  const extras = { events: true, podLabel: true, coordinated: true };
  const more = rightsFor({ leaseName: "worker", purpose: "run", extras }).slice(rights.length);
  assert.deepEqual(rulesOf(more), [
    {
      apiGroups: ["coordination.k8s.io"],
      resources: ["leasecandidates"],
      verbs: ["create", "get", "list", "watch", "update", "delete"],
    },
    { apiGroups: [""], resources: ["events"], verbs: ["create"] },
    { apiGroups: [""], resources: ["pods"], verbs: ["patch"] },
  ]);
  const none = { events: false, podLabel: false, coordinated: false };
  assert.deepEqual(rightsFor({ leaseName: "worker", purpose: "run", extras: none }), rights);
});

void test("who only looks may write nothing, and who steers may not create", () => {
  const verbs = (purpose: "status" | "step-down"): string[] =>
    rightsFor({ leaseName: "worker", purpose }).map(({ verb }) => verb);
  assert.deepEqual(verbs("status"), ["get", "watch", "list"]);
  assert.deepEqual(verbs("step-down"), ["get", "update", "watch"]);
});

void test("a subject is a service account, of another namespace if it says so, a user, or a group", () => {
  const of = (name: string, text: string) => subjectOf(new Map([[name, { by: `--${name}`, text }]]));
  assert.deepEqual(of("service-account", "worker"), { kind: "ServiceAccount", name: "worker", namespace: undefined });
  assert.deepEqual(of("service-account", "ci:bot"), { kind: "ServiceAccount", name: "bot", namespace: "ci" });
  assert.deepEqual(of("user", "system:jo"), { kind: "User", name: "system:jo" });
  assert.deepEqual(subjectOf(new Map()), { kind: "ServiceAccount", name: "default", namespace: undefined });
  for (const text of ["a:b:c", "Worker", ":x", "x:", "-"])
    assert.throws(() => of("service-account", text), { name: "UsageError" }, text);
  const two = new Map(["user", "group"].map((name) => [name, { by: `--${name}`, text: "x" }]));
  assert.throws(() => subjectOf(two), /--user and --group were given/);
});

void test("a comment above the manifests is no document of its own", () => {
  assert.equal((load(yamlOf([grant], ["a", "b"]).split("---\n")[0] ?? "") as Manifest).kind, "Role");
});
