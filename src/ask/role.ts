/** The Role and RoleBinding that give rights to somebody, as objects and as YAML. Pure. */
import { rulesOf, type PolicyRule, type Right } from "./rights.ts";

/** Whom the RoleBinding is for. */
export type Subject =
  | { readonly kind: "ServiceAccount"; readonly name: string; readonly namespace: string | undefined }
  | { readonly kind: "User" | "Group"; readonly name: string };

/** What is to be printed. */
export interface Grant {
  /** Of the Role and of the RoleBinding. */
  readonly name: string;
  /** Undefined: that of whoever applies it. */
  readonly namespace: string | undefined;
  readonly subject: Subject;
  readonly rights: readonly Right[];
}

const group = "rbac.authorization.k8s.io";
const apiVersion = `${group}/v1`;

/** What `kubectl apply -f -` takes. */
export function manifestsOf(grant: Grant): object[] {
  const metadata = metadataOf(grant);
  return [
    { apiVersion, kind: "Role", metadata, rules: rulesOf(grant.rights) },
    {
      apiVersion,
      kind: "RoleBinding",
      metadata,
      roleRef: { apiGroup: group, kind: "Role", name: grant.name },
      subjects: [subjectOf(grant)],
    },
  ];
}

/** The same as text, with a word on what RBAC cannot express. `head`: lines of comment above. */
export function yamlOf(grants: readonly Grant[], head: readonly string[]): string {
  const documents = grants.flatMap((grant) => {
    const metadata = `metadata:\n${block(metadataOf(grant), 2)}`;
    const rules = rulesOf(grant.rights).map(ruleText).join("");
    const subject = block(subjectOf(grant), 4).replace(/^ {4}/, "  - ");
    return [
      `apiVersion: ${apiVersion}\nkind: Role\n${metadata}rules:\n${rules}`,
      `apiVersion: ${apiVersion}\nkind: RoleBinding\n${metadata}roleRef:\n${block({ apiGroup: group, kind: "Role", name: grant.name }, 2)}subjects:\n${subject}`,
    ];
  });
  return `${head.map((line) => `# ${line}\n`).join("")}${documents.join("---\n")}`;
}

function metadataOf({ name, namespace }: Grant): Record<string, string> {
  return { name, ...(namespace === undefined ? {} : { namespace }) };
}

function subjectOf({ subject, namespace }: Grant): Record<string, string> {
  const { kind, name } = subject;
  if (kind !== "ServiceAccount") return { apiGroup: group, kind, name };
  const its = subject.namespace ?? namespace;
  return { kind, name, ...(its === undefined ? {} : { namespace: its }) };
}

function ruleText({ apiGroups, resources, resourceNames, verbs }: PolicyRule): string {
  const unnamed =
    resourceNames === undefined
      ? `  # ${unlimited[verbs.join()] ?? "For all of the namespace: the names are not known before they are there."}\n`
      : "";
  const names = resourceNames === undefined ? "" : `    resourceNames: ${listText(resourceNames)}\n`;
  return `${unnamed}  - apiGroups: ${listText(apiGroups)}\n    resources: ${listText(resources)}\n${names}    verbs: ${listText(verbs)}\n`;
}

const unlimited: Readonly<Record<string, string>> = {
  create: `Kubernetes cannot limit "create" by name.`,
  patch: "For every pod of the namespace: the names of a Deployment's pods are not known before they are there.",
  list: "For all Leases of the namespace: --all.",
};

const listText = (items: readonly string[]): string => `[${items.map(scalarText).join(", ")}]`;

function block(object: Readonly<Record<string, string>>, indent: number): string {
  const margin = " ".repeat(indent);
  return Object.entries(object)
    .map(([name, value]) => `${margin}${name}: ${scalarText(value)}\n`)
    .join("");
}

/** Plain where YAML can take it for nothing but a text. */
function scalarText(value: string): string {
  const isPlain = /^[a-z][a-z0-9./-]*$/i.test(value) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}
