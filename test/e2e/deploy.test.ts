import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { loadAll } from "js-yaml";
import { describeWithLab, leasePath, until, type Lab } from "../lab/index.ts";
import { kubeconfigText } from "../lab/kubeconfig.ts";
import { Candidate, folderOf } from "../support/candidate.ts";

const folder = join(import.meta.dirname, "..", "..", "deploy");
const worker = join(folder, "..", "examples", "worker.js");
const account = "system:serviceaccount:default:worker";

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: unknown;
}

interface PodSpec {
  readonly serviceAccountName: string;
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly { readonly args: readonly string[] }[];
}

const manifests = (file: string): Manifest[] => loadAll(readFileSync(join(folder, file), "utf8")) as Manifest[];
const podSpec = (): PodSpec => {
  const [deployment] = manifests("deployment.yaml");
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
  before(() =>
    until("the namespace", async () => (await lab().admin("GET", "/api/v1/namespaces/default")).status === 200),
  );

  for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
    test(`${file} is accepted by a real API server, which knows every field`, async () => {
      for (const manifest of await manifestsFor(lab(), file)) {
        const dryRun = `${pathOf(manifest)}?dryRun=All&fieldValidation=Strict`;
        const { status, text } = await lab().admin("POST", dryRun, manifest);
        assert.ok(status === 201 || (status === 409 && text.includes("AlreadyExists")), `${manifest.kind}: ${text}`);
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
    const candidate = new Candidate(t, { args: args.slice(0, end), command, env });
    await candidate.says(/^started the command/);
    const renewals = await until("a renewal", async () => {
      const entries = await lab().auditLog.entries(({ user }) => user === account);
      return entries.some(({ verb }) => verb === "update") && entries.some(({ verb }) => verb === "watch") && entries;
    });
    assert.deepEqual([...new Set(renewals.map(({ verb }) => verb))].sort(), ["create", "get", "update", "watch"]);
    assert.ok(renewals.every(({ status }) => status !== 403));
    candidate.kill("SIGTERM");
    assert.equal(await candidate.code(), 0);
  });

  test("the kubelet leaves a pod more time than leader-exec leaves the command", () => {
    const { containers, terminationGracePeriodSeconds, serviceAccountName } = podSpec();
    const grace = containers[0]?.args.find((arg) => arg.startsWith("--termination-grace-period="));
    assert.ok(terminationGracePeriodSeconds >= Number(/\d+/.exec(grace ?? "")?.[0]) + 5);
    assert.equal(serviceAccountName, "worker");
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
