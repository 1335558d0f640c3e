/** Manifests of `leader-exec rbac` as kubectl takes them to a real API server, and service accounts to try them with. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { loadAll } from "js-yaml";
import type { Right } from "../../src/ask/rights.ts";
import { until, type Lab } from "../lab/index.ts";
import { kubeconfigText } from "../lab/kubeconfig.ts";
import { folderOf } from "./candidate.ts";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

export interface Account {
  /** As the authorizer sees it. */
  readonly userName: string;
  /** Path of the file. */
  readonly kubeconfig: string;
}

/** What `kubectl apply -f -` does with the output, in the namespace that is current there. */
export async function apply(lab: Lab, yaml: string, current: string): Promise<void> {
  for (const manifest of loadAll(yaml) as Manifest[]) {
    const { apiVersion, kind, metadata } = manifest;
    const path = `/apis/${apiVersion}/namespaces/${metadata.namespace ?? current}/${kind.toLowerCase()}s`;
    const { status, text } = await lab.admin("POST", `${path}?fieldValidation=Strict`, manifest);
    assert.equal(status, 201, text);
  }
}

/** A service account without any rights, and a kubeconfig of it. */
export async function account(lab: Lab, t: TestContext, namespace: string, name: string): Promise<Account> {
  const made = await lab.admin("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name } });
  assert.equal(made.status, 201, made.text);
  const userName = `system:serviceaccount:${namespace}:${name}`;
  const token = await lab.newToken(userName);
  const kubeconfig = join(folderOf(t), "kubeconfig");
  const text = kubeconfigText({ server: lab.url, caFile: lab.caFile, credentials: { token }, namespace });
  writeFileSync(kubeconfig, text);
  return { userName, kubeconfig };
}

/** Resolves when the authorizer goes by a new Role, which takes milliseconds. */
export async function granted(lab: Lab, namespace: string, user: string, rights: readonly Right[]): Promise<void> {
  for (const { group, resource, name, verb } of rights) {
    const resourceAttributes = { namespace, group, resource, verb, ...(name === null ? {} : { name }) };
    await until(`${user} may ${verb}`, async () => {
      const kind = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview" };
      const body = { ...kind, spec: { user, resourceAttributes } };
      const { object } = await lab.admin("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body);
      return (object.status as { allowed?: boolean } | undefined)?.allowed === true;
    });
  }
}
