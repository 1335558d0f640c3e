import assert from "node:assert/strict";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { test, type TestContext } from "node:test";
import { loadAll } from "js-yaml";
import { nameOf, rightsFor, rulesOf } from "../../src/ask/rights.ts";
import { describeWithLab, leasePath, until, type LabUser } from "../lab/index.ts";
import { kubeconfigText } from "../lab/kubeconfig.ts";
import { Candidate, folderOf, shortTimes } from "../support/candidate.ts";
import { account, apply, granted, type Manifest } from "../support/granted.ts";
import { answerOf } from "../support/subcommand.ts";

/** Ends by a signal alone. */
const command = ["sleep", "600"];
const elect = ["--enable-leader-election", ...shortTimes, "--log-format", "json"];

void test("-o json is one List with the same manifests", async (t) => {
  const args = ["rbac", "-n", "jobs", "--lease-name", "worker", "--service-account", "ci:bot"];
  const [yaml, json] = [await answerOf(t, args), await answerOf(t, [...args, "-o", "json"])];
  assert.deepEqual([yaml.code, json.code, yaml.stderr, json.stderr], [0, 0, "", ""]);
  const list = JSON.parse(json.stdout) as { kind: string; items: unknown[] };
  assert.deepEqual([list.kind, list.items], ["List", loadAll(yaml.stdout)]);
});

void test("the namespace is that of a run: -n, then the kubeconfig's; where nothing says one, none is printed", async (t) => {
  const kubeconfig = join(folderOf(t), "kubeconfig");
  const credentials = { token: "x" };
  writeFileSync(
    kubeconfig,
    kubeconfigText({ server: "https://127.0.0.1:1", caFile: "/x", credentials, namespace: "jobs" }),
  );
  const namespaces = async (args: readonly string[], env = {}) => {
    const { stdout, code, stderr } = await answerOf(t, ["rbac", ...args], { env });
    assert.equal(code, 0, stderr);
    return (loadAll(stdout) as Manifest[]).map(({ metadata }) => metadata.namespace);
  };
  assert.deepEqual(await namespaces(["-n", "other", "--kubeconfig", kubeconfig]), ["other", "other"]);
  assert.deepEqual(await namespaces([], { KUBECONFIG: kubeconfig }), ["jobs", "jobs"]);
  assert.deepEqual(await namespaces([], { LEADER_EXEC_LEASE_NAMESPACE: "env" }), ["env", "env"]);
  assert.deepEqual(await namespaces([]), [undefined, undefined]);
  const broken = await answerOf(t, ["rbac", "--kubeconfig", "/no/such/file"]);
  assert.deepEqual([broken.code, broken.stdout], [125, ""]);
  assert.match(broken.stderr, /^leader-exec: cannot use the kubeconfig \/no\/such\/file[^\n]*\n$/);
});

void test("the right to label pods goes to the namespace of the pods: that of their service account", async (t) => {
  const args = ["rbac", "-n", "locks", "--enable-leader-election", "--label-pod", "role=leader", "--service-account"];
  const rules = async (account: string) => {
    const { stdout, code, stderr } = await answerOf(t, [...args, account]);
    assert.equal(code, 0, stderr);
    return (loadAll(stdout) as (Manifest & { rules?: { resources: string[] }[] })[])
      .filter(({ kind }) => kind === "Role")
      .map(({ metadata, rules = [] }) => [
        metadata.namespace,
        rules.map(({ resources }) => resources.join()).join(" "),
      ]);
  };
  assert.deepEqual(await rules("worker"), [["locks", "leases leases pods"]]);
  assert.deepEqual(await rules("jobs:worker"), [
    ["locks", "leases leases"],
    ["jobs", "pods"],
  ]);
});

void test("without a cluster, or without an election, no rights are needed: one sentence, and nothing to apply", async (t) => {
  for (const args of [["--lease-store", "file:/x"], ["--enable-leader-election=false"]]) {
    const { code, stdout, stderr } = await answerOf(t, ["rbac", ...args]);
    assert.deepEqual([code, stdout], [0, ""]);
    assert.match(stderr, /^leader-exec: no rights in a cluster are needed: [^\n]+\n$/);
  }
});

void test("mistakes are one line and 64", async (t) => {
  const rows = [
    [["--for", "everything"], /--for "everything" is not known; give run or status or step-down/],
    [["-o", "table"], /-o "table" is not known; give yaml or json/],
    [["--service-account", "a:b:c"], /is no service account; give NAME, or NAMESPACE:NAME/],
    [["--user", "jo", "--group", "ops"], /--user and --group were given/],
    [["worker"], /"worker" is one too many; for the command of the run put -- before it: leader-exec rbac \.\.\. -- /],
  ] as const;
  for (const [args, sentence] of rows) {
    const { code, stdout, stderr } = await answerOf(t, ["rbac", ...args]);
    assert.deepEqual([code, stdout], [64, ""], stderr);
    assert.match(stderr, sentence);
    assert.match(stderr, /^[^\n]+\n$/);
  }
});

await describeWithLab("what leader-exec rbac prints, on a real API server", (lab) => {
  test("leader-exec runs with it, uses every right in it, and misses none", async (t) => {
    const namespace = await lab().createNamespace();
    const { userName, kubeconfig } = await account(lab(), t, namespace, "worker");
    const args = ["--kubeconfig", kubeconfig, "--lease-name", "job"];
    const { stdout, code } = await answerOf(t, ["rbac", ...elect, ...args, "--service-account", "worker"]);
    assert.equal(code, 0);
    await apply(lab(), stdout, namespace);
    const rights = rightsFor({ leaseName: "job", purpose: "run" });
    await granted(lab(), namespace, userName, rights);
    const candidate = new Candidate(t, { args: [...elect, ...args], command });
    await candidate.says(/^started the command/);
    const used = await until("every right was used", async () => {
      const entries = await lab().auditLog.entries(({ user, resource }) => user === userName && resource === "leases");
      const verbs = [...new Set(entries.map(({ verb }) => verb))].sort();
      return verbs.length >= rights.length ? { entries, verbs } : undefined;
    });
    candidate.kill("SIGTERM");
    await candidate.code();
    assert.deepEqual(used.verbs, rights.map(({ verb }) => verb).sort());
    const all = await lab().auditLog.entries(({ user }) => user === userName);
    assert.deepEqual(
      all.filter(({ status }) => status === 403),
      [],
    );
  });

  for (const right of rightsFor({ leaseName: "job", purpose: "run" })) {
    test(`without the right to ${nameOf(right)}: ${right.without}`, async (t) => {
      const namespace = await lab().createNamespace();
      const left = rightsFor({ leaseName: "job", purpose: "run" }).filter(({ verb }) => verb !== right.verb);
      const user = await lab().user(namespace, "job", rulesOf(left));
      await without[right.verb]?.(t, user);
    });
  }

  test("who was given --for status may look, and who was given --for step-down may ask; neither may do more", async (t) => {
    const namespace = await lab().createNamespace();
    const candidates = await lab().user(namespace, "job");
    const leader = new Candidate(t, { args: [...elect, ...(await access(candidates))], command });
    await leader.says(/^started the command/);
    const looker = await lab().user(namespace, "job", rulesOf(rightsFor({ leaseName: "job", purpose: "status" })));
    const steerer = await lab().user(namespace, "job", rulesOf(rightsFor({ leaseName: "job", purpose: "step-down" })));
    const [looks, steers] = [await access(looker), await access(steerer)];
    assert.equal((await answerOf(t, ["status", ...looks])).code, 0);
    const refused = await answerOf(t, ["step-down", ...looks]);
    assert.equal(refused.code, 125);
    assert.match(
      refused.stderr,
      /not allowed to update the Lease .*resourceNames: \["job"\], verbs: \["get", "update"\]}\n$/,
    );
    const other = new Candidate(t, { args: [...elect, ...(await access(candidates))], command });
    await other.says(/is held by|standing by/i);
    const asked = await answerOf(t, ["step-down", ...steers, "--wait"]);
    assert.equal(asked.code, 0, asked.stderr);
    await other.says(/^started the command/);
    const created = await steerer.request("POST", leasePath(namespace), { metadata: { name: "other" } });
    assert.equal(created.status, 403);
  });

  test("who may do nothing is told what the subcommand at hand needs, and no more", async (t) => {
    const namespace = await lab().createNamespace();
    const outsider = await access(await lab().user(namespace, "job", []));
    const rows = [
      [["status"], `resourceNames: ["job"], verbs: ["get"]}`],
      [["status", "--watch"], `resourceNames: ["job"], verbs: ["get", "watch"]}`],
      [["step-down"], `resourceNames: ["job"], verbs: ["get", "update"]}`],
      [["step-down", "--wait"], `resourceNames: ["job"], verbs: ["get", "update", "watch"]}`],
      [["status", "--all"], "or add the verb list on leases to a Role there"],
      [["status", "-A"], "or add the verb list on leases to a ClusterRole, and bind it with a ClusterRoleBinding"],
    ] as const;
    for (const [words, end] of rows) {
      const { code, stdout, stderr } = await answerOf(t, [...words, ...outsider]);
      assert.deepEqual([code, stdout], [125, ""], words.join(" "));
      assert.ok(stderr.endsWith(`${end}\n`), stderr);
    }
  });

  /** What becomes of a run that lacks this verb. */
  const without: Readonly<Record<string, (t: TestContext, user: LabUser) => Promise<void>>> = {
    get: async (t, user) => {
      const { code, stderr } = await end(t, user);
      assert.equal(code, 125);
      assert.match(stderr, /not allowed to get the Lease/);
    },
    create: async (t, user) => {
      const { code, stderr } = await end(t, user);
      assert.equal(code, 125);
      assert.match(stderr, /not allowed to create the Lease/);
      assert.equal((await lab().admin("GET", leasePath(user.namespace, "job"))).status, 404);
    },
    update: async (t, user) => {
      const { code, stderr } = await end(t, user);
      assert.equal(code, 75, "it had created the Lease, and could not renew it");
      assert.match(stderr, /not allowed to update the Lease/);
      const other = new Candidate(t, { args: [...elect, ...(await access(user)), "--wait", "9s"], command: ["true"] });
      assert.equal(await other.code(), 1, "nor can it be acquired when it has expired");
    },
    watch: async (t, user) => {
      const args = [...elect, ...(await access(user))];
      const leader = new Candidate(t, { args, command });
      await leader.says(/^started the command/);
      const standby = new Candidate(t, { args, command });
      await standby.says(/watch/);
      leader.kill("SIGTERM");
      await standby.says(/^started the command/);
    },
  };

  const access = async (user: LabUser): Promise<string[]> => [
    "--kubeconfig",
    await user.kubeconfig(),
    "--lease-name",
    "job",
  ];

  /** How a run ends that cannot go on. */
  async function end(t: TestContext, user: LabUser): Promise<{ code: number | null; stderr: string }> {
    const args = [...elect, ...(await access(user)), "--startup-timeout", "1s"];
    const candidate = new Candidate(t, { args, command });
    return { code: await candidate.code(), stderr: candidate.stderr };
  }
});
