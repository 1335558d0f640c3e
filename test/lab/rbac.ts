import { rightsFor, rulesOf, type PolicyRule } from "../../src/ask/rights.ts";
import type { Answer } from "./api.ts";
import { until } from "./until.ts";

/** Whom a RoleBinding is for, and the user name that the authorizer sees. */
export interface RoleSubject {
  readonly kind: "User" | "ServiceAccount";
  readonly name: string;
  readonly userName: string;
}

export type { PolicyRule } from "../../src/ask/rights.ts";

/** A request as the admin of the lab. */
export type Admin = (method: string, path: string, body?: unknown) => Promise<Answer>;

/** Exactly what `leader-exec rbac` prints for one Lease, and so what the README and deploy/ show (tests compare them). */
export function documentedRules(lease: string): PolicyRule[] {
  return rulesOf(rightsFor({ leaseName: lease, purpose: "run" }));
}

/** What it documents for coordinated election: names of LeaseCandidates are new with each process, so no rule can name them. */
export function coordinatedRules(lease: string): PolicyRule[] {
  const candidates = { apiGroups: ["coordination.k8s.io"], resources: ["leasecandidates"] };
  return [...documentedRules(lease), { ...candidates, verbs: ["create", "get", "list", "watch", "update", "delete"] }];
}

const api = "/apis/rbac.authorization.k8s.io/v1";

/** The Role of one user in one namespace; it can be changed while the user is at work. */
export class RoleGrant {
  readonly #admin: Admin;
  readonly #namespace: string;
  readonly #subject: RoleSubject;
  readonly #name: string;
  #rules: readonly PolicyRule[] = [];

  constructor(admin: Admin, namespace: string, subject: RoleSubject) {
    this.#admin = admin;
    this.#namespace = namespace;
    this.#subject = subject;
    this.#name = `${subject.kind.toLowerCase()}-${subject.name}`;
  }

  get rules(): readonly PolicyRule[] {
    return this.#rules;
  }

  /** Creates the Role and its binding. Resolves when the authorizer goes by them. */
  async create(rules: readonly PolicyRule[]): Promise<void> {
    const { kind, name } = this.#subject;
    await this.#send("POST", "roles", { kind: "Role", rules });
    await this.#send("POST", "rolebindings", {
      kind: "RoleBinding",
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: this.#name },
      subjects: [kind === "User" ? { kind, name } : { kind, name, namespace: this.#namespace }],
    });
    await this.#takesEffect(rules);
  }

  /** Replaces the rules. Resolves when the authorizer goes by the new ones and no longer by the old. */
  async set(rules: readonly PolicyRule[]): Promise<void> {
    await this.#send("PUT", `roles/${this.#name}`, { kind: "Role", rules });
    await this.#takesEffect(rules);
  }

  /** The present rules without one verb. */
  async remove(verb: string): Promise<void> {
    const left = this.#rules.map((rule) => ({
      ...rule,
      verbs: rule.verbs.filter((each) => each !== verb),
    }));
    await this.set(left.filter((rule) => rule.verbs.length > 0)); // a rule without verbs is invalid
  }

  async #send(method: string, path: string, body: object): Promise<void> {
    const answer = await this.#admin(method, `${api}/namespaces/${this.#namespace}/${path}`, {
      apiVersion: "rbac.authorization.k8s.io/v1",
      metadata: { name: this.#name },
      ...body,
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.text}`);
  }

  async #takesEffect(rules: readonly PolicyRule[]): Promise<void> {
    const granted = new Set(rules.flatMap(attributes));
    for (const each of new Set([...granted, ...this.#rules.flatMap(attributes)])) {
      await until(`the authorizer ${granted.has(each) ? "allows" : "denies"} ${each}`, async () => {
        return (await this.#allowed(each)) === granted.has(each);
      });
    }
    this.#rules = rules;
  }

  async #allowed(resourceAttributes: string): Promise<boolean> {
    const answer = await this.#admin("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      spec: {
        user: this.#subject.userName,
        resourceAttributes: {
          namespace: this.#namespace,
          ...(JSON.parse(resourceAttributes) as object),
        },
      },
    });
    return (answer.object.status as { allowed?: boolean } | undefined)?.allowed === true;
  }
}

/** Every single thing that a rule allows, as JSON so that a Set knows equals. */
function attributes(rule: PolicyRule): string[] {
  const names = rule.resourceNames ?? [undefined];
  return rule.apiGroups.flatMap((group) =>
    rule.resources.flatMap((resource) =>
      rule.verbs.flatMap((verb) => names.map((name) => JSON.stringify({ group, resource, verb, name }))),
    ),
  );
}
