/** A leader-exec that tells the cluster who leads, on a real API server; and what the server knows of it. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { documentedRules, leasePath, type AuditEntry, type Lab, type PolicyRule } from "../lab/index.ts";
import { onServer, type OnServer } from "../e2e/stores.ts";
import { journalNow } from "./journal.ts";

export const label = "leader-exec/role=leader";
export const mayRecord: PolicyRule = { apiGroups: [""], resources: ["events"], verbs: ["create"] };
export const mayLabel: PolicyRule = { apiGroups: [""], resources: ["pods"], verbs: ["patch"] };

export interface Announced extends OnServer {
  /** What makes a process believe that it is this pod. */
  readonly env: (pod: string) => Record<string, string>;
  /** A pod that nobody runs: there is no kubelet here. */
  readonly createPod: (name: string, labels?: Record<string, string>) => Promise<void>;
  readonly labels: (pod: string) => Promise<Record<string, string>>;
  /** Requests of our user, in the order in which they came in. */
  readonly requests: (wanted: (entry: AuditEntry) => boolean) => Promise<AuditEntry[]>;
  readonly leasePath: string;
}

/** `rules`: beside those for the Lease. */
export async function announced(
  lab: Lab,
  t: TestContext,
  rules: readonly PolicyRule[],
  server?: string,
): Promise<Announced> {
  const on = await onServer(lab, t, server);
  const { user, namespace, lease } = on;
  if (rules.length > 0) await user.role.set([...documentedRules(lease), ...rules]);
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  return {
    ...on,
    env: (pod) => ({ POD_NAME: pod, POD_NAMESPACE: namespace }),
    createPod: async (name, labels = {}) => {
      const spec = { containers: [{ name: "main", image: "none" }] };
      const { status, text } = await lab.admin("POST", pods, { metadata: { name, labels }, spec });
      assert.equal(status, 201, text);
    },
    labels: async (pod) => (await lab.admin("GET", `${pods}/${pod}`)).object.metadata?.labels ?? {},
    requests: (wanted) => lab.auditLog.entries((entry) => entry.user === user.name && wanted(entry)),
    leasePath: leasePath(namespace, lease),
  };
}

/** A patch that puts the label there; the other one takes it away. */
export const isAddition = ({ verb, resource, requestObject }: AuditEntry): boolean =>
  verb === "patch" && resource === "pods" && requestObject?.metadata !== undefined;
export const isRemoval = ({ verb, resource, requestObject }: AuditEntry): boolean =>
  verb === "patch" && resource === "pods" && Array.isArray(requestObject);
export const isRelease = ({ verb, resource, requestObject }: AuditEntry): boolean =>
  verb === "update" && resource === "leases" && requestObject?.spec?.holderIdentity === "";

/** A time of the journal as a time of day, as the audit log has it. */
export const wallOf = (at: number): number => at + Date.now() - journalNow();
