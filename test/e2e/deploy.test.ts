import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { loadAll } from "js-yaml";
import { coordinatedRules, describeWithLab, leasePath, until, type Lab } from "../lab/index.ts";
import { kubeconfigText } from "../lab/kubeconfig.ts";
import { parseCommandLine } from "../../src/cli.ts";
import { Candidate, folderOf } from "../support/candidate.ts";
import { addressOf, told } from "../support/ask.ts";
import { installPrometheusKinds } from "../support/prometheus-kinds.ts";
import { scrape } from "../support/scrape.ts";

const folder = join(import.meta.dirname, "..", "..", "deploy");
const worker = join(folder, "..", "examples", "worker.js");
const deployments = ["deployment.yaml", "deployment-any-image.yaml"];
const account = "system:serviceaccount:default:worker";

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
  /** Of a Role. */
  readonly rules?: readonly unknown[];
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly {
    readonly args: readonly string[];
    readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
    readonly livenessProbe: Probe;
    readonly readinessProbe: Probe;
  }[];
}

const manifests = (file: string): Manifest[] => loadAll(readFileSync(join(folder, file), "utf8")) as Manifest[];
const podSpec = (file = "deployment.yaml"): PodSpec => {
  const [deployment] = manifests(file);
  return (deployment?.spec as { template: { spec: PodSpec } }).template.spec;
};

/** Where objects of this kind are created. */
function pathOf({ apiVersion, kind, metadata: { namespace } }: Manifest): string {
  const root = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const plural = `${kind.toLowerCase()}s`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}`;
}

/** As the file's comment says, an older Kubernetes wants an older version of the flow schema. */
async function manifestsFor(lab: Lab, file: string): Promise<Manifest[]> {
  const { status } = await lab.admin("GET", "/apis/flowcontrol.apiserver.k8s.io/v1");
  return manifests(file).map((manifest) =>
    manifest.kind === "FlowSchema" && status === 404
      ? { ...manifest, apiVersion: "flowcontrol.apiserver.k8s.io/v1beta3" }
      : manifest,
  );
}

/** What a user does with `kubectl apply`. */
async function apply(lab: Lab, file: string): Promise<void> {
  for (const manifest of await manifestsFor(lab, file)) {
    const { status, text } = await lab.admin("POST", pathOf(manifest), manifest);
    assert.ok(status === 201 || status === 409, `${file}: ${text}`); // 409: another test of this lab has done it
  }
}

await describeWithLab("the manifests of deploy/", (lab) => {
  // The server creates it a moment after it has started.
  before(async () => {
    await until("the namespace", async () => (await lab().admin("GET", "/api/v1/namespaces/default")).status === 200);
    await installPrometheusKinds(lab());
  });

  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    test(`${file} is accepted by a real API server, which knows every field`, async (t) => {
      for (const manifest of await manifestsFor(lab(), file)) {
        const dryRun = `${pathOf(manifest)}?dryRun=All&fieldValidation=Strict`;
        const { status, text } = await lab().admin("POST", dryRun, manifest);
        assert.ok(status === 201 || (status === 409 && text.includes("AlreadyExists")), `${manifest.kind}: ${text}`);
        t.diagnostic(
          `${manifest.apiVersion} ${manifest.kind} ${manifest.metadata.name} (server dry run): HTTP ${status}`,
        );
      }
    });
  }

  test("leader-exec with the Deployment's arguments needs no more rights than rbac.yaml gives", async (t) => {
    await apply(lab(), "rbac.yaml");
    const kubeconfig = join(folderOf(t), "kubeconfig");
    const credentials = { token: await lab().newToken(account) };
    await writeFile(kubeconfig, kubeconfigText({ server: lab().url, caFile: lab().caFile, credentials }));
    const [container] = podSpec().containers;
    const [program, ...args] = container?.args ?? [];
    assert.equal(program, "leader-exec");
    const env = { KUBECONFIG: kubeconfig, POD_NAME: "worker-1", POD_NAMESPACE: "default" };
    const end = args.indexOf("--");
    const command = args.slice(end + 1).map((word) => (word === "worker.js" ? worker : word));
    const own = args.slice(0, end).map((word) => word.replace(/(?<=-bind-address=):\d+$/, "127.0.0.1:0"));
    const candidate = new Candidate(t, { args: own, command, env });
    const [probes, metrics] = [await addressOf(candidate, "/healthz"), await addressOf(candidate, "/metrics")];
    await candidate.says(/^started the command/);
    const { livenessProbe, readinessProbe } = container ?? assert.fail();
    for (const { httpGet } of [livenessProbe, readinessProbe]) assert.equal(await told(probes, httpGet.path), "200 ok");
    assert.equal((await scrape(metrics)).samples.get('leader_election_master_status{name="worker"}'), 1);
    const renewals = await until("a renewal", async () => {
      const entries = await lab().auditLog.entries(({ user }) => user === account);
      return entries.some(({ verb }) => verb === "update") && entries.some(({ verb }) => verb === "watch") && entries;
    });
    assert.deepEqual([...new Set(renewals.map(({ verb }) => verb))].sort(), ["create", "get", "update", "watch"]);
    assert.ok(renewals.every(({ status }) => status !== 403));
    candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 0);
  });

  test("rbac.yaml and rbac-coordinated.yaml give exactly the rights that all tests of coordinated election run with", () => {
    const rules = ["rbac.yaml", "rbac-coordinated.yaml"]
      .flatMap(manifests)
      .flatMap(({ kind, rules }) => (kind === "Role" ? (rules ?? []) : []));
    assert.deepEqual(rules, coordinatedRules("worker"));
  });

  for (const file of deployments)
    test(`${file}: the kubelet leaves a pod more time than leader-exec leaves the command`, () => {
      const { containers, terminationGracePeriodSeconds, serviceAccountName } = podSpec(file);
      const parsed = parseCommandLine(containers[0]?.args.filter((arg) => arg !== "leader-exec") ?? [], {});
      assert.ok(parsed.kind === "run", "leader-exec takes the Deployment's arguments");
      // After the grace it kills, which it gives a second, and releases: a request, and some time to spare.
      const needed = parsed.options.timing.terminationGracePeriod / 1000 + 1 + parsed.options.timing.retryPeriod / 1000;
      assert.ok(terminationGracePeriodSeconds >= needed, `${terminationGracePeriodSeconds} s for ${needed} s`);
      assert.equal(serviceAccountName, "worker");
    });

  for (const file of deployments)
    test(`${file}: probes and PodMonitor ask at the ports that the flags open`, () => {
      const [container] = podSpec(file).containers;
      const { args, ports, livenessProbe, readinessProbe } = container ?? assert.fail();
      const portOf = (flag: string) =>
        Number(args.find((arg) => arg.startsWith(`--${flag}-bind-address=`))?.split(":")[1]);
      assert.deepEqual(
        ports.map(({ name, containerPort }) => [name, containerPort]),
        [
          ["health", portOf("health-probe")],
          ["metrics", portOf("metrics")],
        ],
      );
      assert.deepEqual([livenessProbe.httpGet.port, readinessProbe.httpGet.port], ["health", "health"]);
      const [monitor] = manifests("pod-monitor.yaml");
      assert.deepEqual(
        (monitor?.spec as { podMetricsEndpoints: { port: string }[] }).podMetricsEndpoints.map(({ port }) => port),
        ["metrics"],
      );
    });

  test("with flow-schema.yaml the requests of a renewal get the priority of leader election", async () => {
    await apply(lab(), "rbac.yaml");
    await apply(lab(), "flow-schema.yaml");
    const [schema] = await manifestsFor(lab(), "flow-schema.yaml");
    const { object } = await lab().admin("GET", `${schema === undefined ? "" : pathOf(schema)}/worker-leader-election`);
    const token = await lab().newToken(account);
    const ask = (path: string) => call(lab(), token, path);
    await until("the API server goes by the flow schema", async () => {
      return (await ask(leasePath("default", "worker"))) === object.metadata?.uid;
    });
    assert.notEqual(await ask("/api/v1/namespaces/default/pods"), object.metadata?.uid);
  });
});

/** The flow schema under which a request of the service account falls. */
async function call(lab: Lab, token: string, path: string): Promise<string | undefined> {
  const { headers } = await lab.as(token, "GET", path);
  return headers["x-kubernetes-pf-flowschema-uid"]?.toString();
}
