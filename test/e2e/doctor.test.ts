import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { clusterFindings } from "../../src/ask/doctor-cluster.ts";
import { askedRun } from "../../src/ask/asked-run.ts";
import type { Finding } from "../../src/ask/finding.ts";
import { rightsFor, rulesOf } from "../../src/ask/rights.ts";
import { openCluster } from "../../src/io/open-cluster.ts";
import { describeWithLab, leasePath, until, type Lab, type LabUser } from "../lab/index.ts";
import { kubeconfigText } from "../lab/kubeconfig.ts";
import { Candidate, folderOf, product, shortTimes } from "../support/candidate.ts";
import { answerOf } from "../support/subcommand.ts";
import { diagnose } from "../support/findings.ts";
import { clock } from "../support/kubernetes-store.ts";

void test("what is wrong on this machine is told line by line, each with what to do", async (t) => {
  const store = ["--lease-store", `file:${folderOf(t)}`];
  const well = await diagnose(t, store);
  well.assertProblems();
  assert.match(well.of("guard").message, /one was started, answered after \d+ ms, and ended/);
  assert.match(well.of("lease").message, /there is no Lease default\/leader-exec yet/);

  const short = await diagnose(t, [...store, "--lease-duration", "3s"]);
  short.assertProblems("timing");
  assert.match(short.of("timing").message, /--lease-duration 3s is too short/);
  (await diagnose(t, store, { command: ["no-such-command-anywhere"] })).assertProblems("command");
  const inspected = await diagnose(t, store, { env: { NODE_OPTIONS: "--require=/dev/null" } });
  assert.match(inspected.of("NODE_OPTIONS").message, /--require, which acts on leader-exec as well/);
  const never = await diagnose(t, [...store, "--schedule", "0 25 * * *"]);
  never.assertProblems("schedule");
  assert.match(never.of("schedule").message, /has "25" at character 3, which is no hour/);
  const careless = await diagnose(t, [...store, "--guard", "off"], { command: [] });
  assert.deepEqual([careless.of("guard").verdict, careless.of("command").verdict], ["note", "note"]);
});

void test("a guard that cannot be started is a problem, and keeps nothing waiting", async (t) => {
  const folder = folderOf(t);
  for (const part of ["bin", "dist"])
    cpSync(join(dirname(product), "..", part), join(folder, part), { recursive: true });
  rmSync(join(folder, "dist", "guard.cjs"));
  const program = join(folder, "bin", "leader-exec.cjs");
  const sick = await diagnose(t, ["--lease-store", `file:${folder}/leases`], { program });
  sick.assertProblems("guard");
  assert.match(sick.of("guard").message, /could not be started: it ended with 1/);
});

void test("usage errors are those of a run: one line and 64", async (t) => {
  for (const args of [["--lease-nmae", "x"], ["--identity", "a b"], ["-o", "yaml"], ["job"], ["--timeout", "0"]]) {
    const { code, stdout, stderr } = await answerOf(t, ["doctor", ...args]);
    assert.deepEqual([code, stdout], [64, ""], args.join(" "));
    assert.match(stderr, /^leader-exec: [^\n]+\n$/);
  }
});

void test("without any cluster one problem names the ways out, and the rest says that it was skipped", async (t) => {
  const lost = await diagnose(t, []);
  lost.assertProblems("configuration");
  assert.match(lost.of("configuration").message, /no Kubernetes cluster is configured/);
  assert.match(lost.of("skipped").message, /^server, latency, .*: there is no configuration that can be used$/);
});

void test("a server that accepts and says nothing is told within --timeout", async (t) => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  const rows = [
    [`http://127.0.0.1:${port}`, /within 0\.5 s/],
    [`https://127.0.0.1:${port}`, /within 0\.5 s/],
    ["https://127.0.0.1:1", /the connection was refused/],
    ["https://no-such-host.invalid", /its name/],
  ] as const;
  for (const [server, sentence] of rows) {
    const kubeconfig = join(folderOf(t), "kubeconfig");
    writeFileSync(kubeconfig, kubeconfigText({ server, caFile: "/dev/null", credentials: { token: "x" } }));
    const sick = await diagnose(t, ["--kubeconfig", withoutAuthority(kubeconfig), "--timeout", "500ms"]);
    sick.assertProblems("server");
    assert.match(sick.of("server").message, sentence);
    assert.match(sick.of("skipped").message, /the API server does not answer as it should$/);
  }
});

/** The same file without its certificate-authority. */
function withoutAuthority(kubeconfig: string): string {
  const text = readFileSync(kubeconfig, "utf8").replace(/,?\s*"certificate-authority": *"[^"]*"/, "");
  writeFileSync(kubeconfig, text);
  return kubeconfig;
}

void test("a file store: its folder is looked at, never made, and nothing is left in it", async (t) => {
  const folder = folderOf(t);
  const store = join(folder, "leases");
  const missing = await diagnose(t, ["--lease-store", `file:${store}`]);
  missing.assertProblems();
  assert.match(missing.of("folder").message, /does not exist yet; the first candidate makes it/);
  assert.ok(!existsSync(store));

  mkdirSync(store, { mode: 0o700 });
  const empty = await diagnose(t, ["--lease-store", `file:${store}`]);
  empty.assertProblems();
  assert.match(empty.of("writes").message, /^20 records written, synced and linked: p50 /);
  assert.deepEqual(readdirSync(store), []);

  const args = ["--enable-leader-election", "--lease-store", `file:${store}`, "--log-format", "json"];
  const candidate = new Candidate(t, { args, command: ["sleep", "600"] });
  await candidate.says(/^started the command/);
  const before = readdirSync(join(store, "default"));
  const held = await diagnose(t, ["--lease-store", `file:${store}`]);
  held.assertProblems();
  assert.match(
    held.of("lease").message,
    /is held by .* \(a leader-exec\) since .*, renewed .* ago; the next fencing token is above \d+/,
  );
  assert.match(held.of("latency").message, /^20 reads of default\/leader-exec: p50 /);
  assert.deepEqual(readdirSync(join(store, "default")), before);
  candidate.kill("SIGTERM");
  await candidate.code();

  const file = join(folder, "file");
  writeFileSync(file, "");
  (await diagnose(t, ["--lease-store", `file:${file}`])).assertProblems("folder");
  (await diagnose(t, ["--lease-store", `file:${file}/below`])).assertProblems("folder");
  const noLinks = await diagnose(t, ["--lease-store", "file:/proc"]);
  assert.equal(noLinks.code, 1);
});

await describeWithLab("doctor, on a real API server", (lab) => {
  const home = async (rules = rulesOf(rightsFor({ leaseName: "job", purpose: "run" }))): Promise<LabUser> =>
    lab().user(await lab().createNamespace(), "job", rules);
  const about = async (user: LabUser, options: Parameters<LabUser["kubeconfig"]>[0] = {}): Promise<string[]> => [
    "--kubeconfig",
    await user.kubeconfig(options),
    "--lease-name",
    "job",
  ];

  test("where all is well it says so, line by line, and ends with 0", async (t) => {
    const user = await home();
    const well = await diagnose(t, await about(user));
    well.assertProblems();
    for (const check of [
      "configuration",
      "server",
      "latency",
      "clock",
      "credentials",
      "kubernetes",
      "namespace",
      "lease",
    ])
      assert.equal(well.of(check).verdict, "ok", check);
    assert.match(well.of("latency").message, /^20 reads of .*: p50 [\d.]+ ms, p99 [\d.]+ ms$/);
    assert.match(well.of("clock").message, /between \S+ (behind|ahead) and \S+ (behind|ahead) of ours/);
    assert.match(well.of("credentials").message, new RegExp(`as ${user.name} `));
    assert.equal(well.findings.filter(({ check }) => check === "right").length, 4);

    const text = await answerOf(t, ["doctor", "--enable-leader-election", ...(await about(user))], {
      command: ["true"],
    });
    assert.equal(text.code, 0);
    assert.match(text.stdout, /\n\nall is well, with \d+ notes?\n$/);
    assert.equal(text.stdout.trimEnd().split("\n").length, well.findings.length + 2);
  });

  test("it changes nothing in the cluster: no request of it is a write, and the reviews that it posts are not stored", async (t) => {
    const user = await home();
    const args = await about(user);
    const candidate = new Candidate(t, {
      args: ["--enable-leader-election", ...shortTimes, ...args],
      command: ["sleep", "600"],
    });
    const before = await until("a holder", async () => {
      const { object } = await lab().admin("GET", leasePath(user.namespace, "job"));
      return object.spec?.holderIdentity ?? undefined;
    });
    const looker = await lab().user(user.namespace, "job");
    const well = await diagnose(t, [...(await about(looker)), ...shortTimes]);
    well.assertProblems();
    assert.ok(well.of("lease").message.includes(before), well.of("lease").message);
    assert.match(well.of("lease").message, /the next fencing token is above \d+/);
    const entries = await lab().auditLog.entries(({ user: by }) => by === looker.name);
    const writes = entries.filter(({ verb }) => !["get", "list", "watch"].includes(verb));
    assert.deepEqual([...new Set(writes.map(({ verb, resource }) => `${verb} ${resource}`))].sort(), [
      "create selfsubjectaccessreviews",
      "create selfsubjectreviews",
    ]);
    assert.equal(writes.filter(({ resource }) => resource === "selfsubjectaccessreviews").length, 4);
    assert.equal(entries.filter(({ verb, resource }) => verb === "get" && resource === "leases").length, 21);
    candidate.kill("SIGTERM");
    await candidate.code();
  });

  test("each right that is missing is a problem, and the command that the line gives mends it", async (t) => {
    const user = await home([{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }]);
    const sick = await diagnose(t, await about(user));
    sick.assertProblems("right");
    assert.equal(sick.problems().length, 4);
    assert.match(sick.of("lease").message, /may not be read/);
    const remedy = /this prints: leader-exec (.*) \| kubectl apply -f -$/.exec(sick.of("right").advice ?? "")?.[1];
    assert.ok(remedy !== undefined);
    const text = await answerOf(t, ["doctor", "--enable-leader-election", ...(await about(user))], {
      command: ["true"],
    });
    assert.equal(text.stdout.split(`leader-exec ${remedy}`).length, 2, "people read the command once");
    assert.equal(text.stdout.match(/^problem {2}right .* may not .*; what to do stands above$/gm)?.length, 3);
    const { stdout } = await answerOf(t, [...remedy.split(" "), "-o", "json"]);
    await applyList(lab(), stdout, user.namespace);
    await until("the rights are there", async () => (await diagnose(t, await about(user))).code === 0);
  });

  for (const verb of ["get", "update", "watch", "create"]) {
    test(`the missing right to ${verb} is told with what it costs`, async (t) => {
      const user = await home();
      await user.role.remove(verb);
      const sick = await diagnose(t, await about(user));
      sick.assertProblems("right");
      const [right, ...more] = sick.problems();
      assert.deepEqual([right?.facts["verb"], more], [verb, []]);
      assert.match(right?.message ?? "", new RegExp(`may not ${verb} leases.* so `));
    });
  }

  test("wrong tokens, expired certificates, other authorities, failing and hanging plugins: one problem each", async (t) => {
    const user = await home();
    const { certificate, key } = user.certificate(Date.now() - 60_000);
    const rows = [
      [{ credentials: { token: "wrong" } }, "credentials", /does not accept our credentials \(HTTP 401\)/],
      [{ credentials: { certificate, key } }, "credentials", /does not accept our credentials \(HTTP 401\)/],
      [{ credentials: await user.execPlugin("echo no session >&2; exit 1") }, "server", /no session/],
      [{ credentials: await user.execPlugin("sleep 1000") }, "server", /did not answer within 1 s/],
    ] as const;
    for (const [options, check, sentence] of rows) {
      const sick = await diagnose(t, [
        ...(await about(user, options)),
        "--timeout",
        sentence.source.includes("within") ? "1s" : "1m",
      ]);
      sick.assertProblems(check);
      assert.match(sick.of(check).message, sentence);
    }
    const [flag = "", kubeconfig = "", ...more] = await about(user);
    const stranger = await diagnose(t, [flag, withoutAuthority(kubeconfig), ...more]);
    stranger.assertProblems("server");
    assert.match(stranger.of("server").message, /cannot trust the API server/);
  });

  test("a namespace that does not exist is told to those who may look, and guessed by the others", async (t) => {
    const user = await home();
    const blind = await diagnose(t, [...(await about(user)), "-n", "no-such-namespace"]);
    blind.assertProblems("right");
    assert.match(blind.of("namespace").message, /whether no-such-namespace exists may not be looked up/);
    const kubeconfig = join(folderOf(t), "kubeconfig");
    const credentials = { token: lab().adminToken };
    writeFileSync(kubeconfig, kubeconfigText({ server: lab().url, caFile: lab().caFile, credentials }));
    const seen = await diagnose(t, ["--kubeconfig", kubeconfig, "-n", "no-such-namespace"]);
    seen.assertProblems("namespace");
    assert.match(seen.of("namespace").message, /does not exist/);
  });

  test("in a pod its terminationGracePeriodSeconds is compared, if it may be read", async () => {
    const user = await home();
    const grace = async (seconds: number): Promise<string> => {
      const name = `pod-${seconds}`;
      const spec = { terminationGracePeriodSeconds: seconds, containers: [{ name: "c", image: "i" }] };
      const { status, text } = await lab().admin("POST", `/api/v1/namespaces/${user.namespace}/pods`, {
        metadata: { name },
        spec,
      });
      assert.equal(status, 201, text);
      return name;
    };
    const judged = async (pod: string): Promise<Finding | undefined> => {
      const [, kubeconfig] = await about(user);
      const settings = new Map(
        Object.entries({ kubeconfig, "lease-name": "job" }).map(([name, text]) => [
          name,
          { by: `--${name}`, text: text ?? "" },
        ]),
      );
      const { options } = askedRun({ settings, command: null });
      const opened = await openCluster(options, clock, {});
      assert.ok(typeof opened !== "string");
      const inPod = { ...opened, podNamespace: user.namespace };
      const check = { options, rights: [], rightsFlags: [], pod, clock, limit: 10_000 };
      const found: Finding[] = [];
      for await (const finding of clusterFindings(inPod, check)) found.push(finding);
      opened.questions.close();
      return found.find((finding) => finding.check === "termination");
    };
    const [short, long] = [await grace(20), await grace(30)];
    assert.match((await judged(short))?.message ?? "", /may not be read \(get pods\)/);
    await user.role.set([...user.role.rules, { apiGroups: [""], resources: ["pods"], verbs: ["get"] }]);
    assert.equal((await judged(short))?.verdict, "problem");
    assert.equal((await judged(long))?.verdict, "ok");
    assert.equal((await judged("other"))?.verdict, "note");
  });
});

/** What `kubectl apply -f -` does with a List. */
async function applyList(lab: Lab, text: string, namespace: string): Promise<void> {
  const { items } = JSON.parse(text) as { items: { apiVersion: string; kind: string }[] };
  for (const item of items) {
    const path = `/apis/${item.apiVersion}/namespaces/${namespace}/${item.kind.toLowerCase()}s`;
    const { status, text: said } = await lab.admin("POST", path, item);
    assert.equal(status, 201, said);
  }
}
