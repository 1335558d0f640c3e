/** `leader-exec rbac`: the least rights for a run with these flags, for `kubectl apply -f -`. Asks no server. */
import { flag, group } from "../flag.ts";
import { findAccess } from "../io/kubernetes-sources.ts";
import type { Options } from "../options.ts";
import { choiceValue } from "../values.ts";
import { LocalTrouble } from "../world.ts";
import { askedRun } from "./asked-run.ts";
import { outputFlag, outputOf } from "./output.ts";
import { rightsFor, type Purpose, type Right } from "./rights.ts";
import { manifestsOf, yamlOf, type Grant, type Subject } from "./role.ts";
import { extrasOf, rightsOfRun } from "./run-rights.ts";
import { subjectFlags, subjectOf } from "./subject.ts";
import { allFlags, type Asked, type Subcommand } from "./subcommand.ts";

const forms = ["yaml", "json"] as const;
const purposes = ["run", "status", "step-down"] as const;

export const rbac: Subcommand = {
  name: "rbac",
  groups: [
    group(
      "What to print",
      ...subjectFlags,
      flag("for", purposes.join("|"), "run", "what the rights are for: a run with these flags, or these subcommands"),
      outputFlag(forms, "in which form"),
    ),
    ...allFlags.groups,
  ],
  shared: allFlags.names,
  mostOperands: 0,
  takesCommand: true,
  notes: [
    "No server is asked. Where nothing says which namespace a run would take, none is printed, and kubectl's own counts.\n",
  ],
  exitCodes: [
    { code: "0", meaning: "printed, or no rights are needed" },
    { code: "125", meaning: "a kubeconfig that was named cannot be used, or the Role could not be written" },
    { code: "64", meaning: "usage" },
  ],
  examples: [
    "leader-exec rbac -n jobs --lease-name worker --service-account worker | kubectl apply -f -",
    "leader-exec rbac -n jobs --lease-name worker --for step-down --group operators | kubectl apply -f -",
  ],
  answer,
};

/** What Roles are called, behind the name of the Lease. */
const suffixes: Readonly<Record<Purpose, string>> = {
  run: "leader-election",
  status: "status",
  "step-down": "step-down",
};

async function answer({ settings, command, terminal, env }: Asked): Promise<number> {
  const form = outputOf(settings, forms);
  const subject = subjectOf(settings);
  const given = settings.get("for");
  const purpose = given === undefined ? "run" : choiceValue(given, purposes);
  const { options } = askedRun({ settings, command });
  const { leaseName, store, election } = options;
  if (store.kind === "file" || !election) {
    const why = election ? `--lease-store file:DIR uses no cluster` : "leader election is off";
    terminal.complain(`no rights in a cluster are needed: ${why}`);
    return 0;
  }
  const namespace = await namespaceOf(options, env);
  const rights =
    purpose === "run" ? rightsOfRun(options) : rightsFor({ leaseName, purpose, extras: extrasOf(options) });
  const grants = grantsOf(`${leaseName}-${suffixes[purpose]}`, namespace, subject, rights);
  terminal.print(form === "json" ? listOf(grants) : yamlOf(grants, headOf(namespace, subject, purpose, leaseName)));
  return 0;
}

/** One for the namespace of the Lease, and one for that of the pods when it is another: that of their service account. */
function grantsOf(name: string, namespace: string | undefined, subject: Subject, rights: readonly Right[]): Grant[] {
  const pods = subject.kind === "ServiceAccount" ? (subject.namespace ?? namespace) : namespace;
  if (pods === namespace) return [{ name, namespace, subject, rights }];
  const at = (place: Right["place"]): Right[] => rights.filter((right) => right.place === place);
  const grants = [
    { name, namespace, subject, rights: at("lease") },
    // By another name: a Lease of the same name may be there, too.
    { name: `${name}-pods`, namespace: pods, subject, rights: at("pod") },
  ];
  return grants.filter((grant) => grant.rights.length > 0);
}

/** As a run would take it; undefined where nothing on this machine says one. Throws LocalTrouble for a kubeconfig that was named. */
async function namespaceOf(
  { leaseNamespace, kubeconfig, context }: Options,
  env: Asked["env"],
): Promise<string | undefined> {
  if (leaseNamespace !== undefined) return leaseNamespace;
  try {
    const access = await findAccess({ kubeconfig, context, env });
    return access.namespace ?? "default";
  } catch (error) {
    const isNamed = kubeconfig !== undefined || context !== undefined || Boolean(env["KUBECONFIG"]);
    if (error instanceof LocalTrouble && !isNamed) return undefined;
    throw error;
  }
}

function headOf(namespace: string | undefined, subject: Subject, purpose: Purpose, lease: string): string[] {
  const head = [
    {
      run: `The least rights for candidates of the Lease "${lease}". Without "watch" they poll; without another one they say which is missing.`,
      status: `The least rights to look at the Lease "${lease}" with leader-exec status.`,
      "step-down": `The least rights to ask the holder of the Lease "${lease}" to step down.`,
    }[purpose],
  ];
  if (namespace === undefined) head.push("No namespace is known here: that of kubectl counts. -n NS writes one.");
  if (subject.kind === "ServiceAccount" && subject.name === "default")
    head.push('"default" is who a pod runs as that names no service account; --service-account names another one.');
  return head;
}

function listOf(grants: readonly Grant[]): string {
  return `${JSON.stringify({ apiVersion: "v1", kind: "List", items: grants.flatMap(manifestsOf) }, null, 2)}\n`;
}
