/** What the API server must allow, for exactly what was asked for: the one list behind rbac, doctor and the documentation. Pure. */

/** Who is to be allowed: candidates, those who look at them, or those who ask a holder to step down. */
export type Purpose = "run" | "status" | "step-down";

/** What decides on the rights. */
export interface Asked {
  readonly leaseName: string;
  readonly purpose: Purpose;
  /** Of a run: what else it does beside electing. For status, too, it counts who elects. */
  readonly extras?: Extras;
}

export interface Extras {
  /** Records Events on the Lease. */
  readonly events: boolean;
  /** Labels the pod that leads. */
  readonly podLabel: boolean;
  /** Has the API server elect. */
  readonly coordinated: boolean;
}

/** One verb on one kind of object. */
export interface Right {
  readonly group: string;
  readonly resource: string;
  /** The only object that it is for; null: all of the namespace. */
  readonly name: string | null;
  readonly verb: string;
  /** In which namespace: the Lease's, or that of the pod that leader-exec runs in. */
  readonly place: "lease" | "pod";
  /** What does not work without it: a sentence without its full stop. */
  readonly without: string;
}

/** A rule of a Role, as in rbac.authorization.k8s.io/v1. */
export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly string[];
}

const leases = { group: "coordination.k8s.io", resource: "leases", place: "lease" } as const;
/** Named anew by each process. */
const candidates = { ...leases, resource: "leasecandidates", name: null } as const;

/** The least that does. In the order in which people look for them. */
export function rightsFor({ leaseName: name, purpose, extras }: Asked): Right[] {
  switch (purpose) {
    case "run":
      return [
        { ...leases, name, verb: "get", without: "no candidate can read the Lease, and each ends with 125" },
        { ...leases, name, verb: "update", without: "nobody can acquire or renew a Lease that exists" },
        {
          ...leases,
          name,
          verb: "watch",
          without: "standbys ask once a retry period instead, and take over that much later (all else works)",
        },
        // Kubernetes knows no name yet when something is created.
        { ...leases, name: null, verb: "create", without: "nobody can lead while the Lease does not exist" },
        ...(extras === undefined ? [] : extraRights(extras)),
      ];
    case "status":
      return [
        { ...leases, name, verb: "get", without: "the Lease cannot be read" },
        { ...leases, name, verb: "watch", without: "--watch asks again and again instead" },
        { ...leases, name: null, verb: "list", without: "--all finds no Lease" },
        ...(extras?.coordinated === true
          ? [{ ...candidates, verb: "list", without: "the candidates are not shown (all else works)" }]
          : []),
      ];
    case "step-down":
      return [
        { ...leases, name, verb: "get", without: "the Lease cannot be read" },
        { ...leases, name, verb: "update", without: "the request cannot be written" },
        { ...leases, name, verb: "watch", without: "--wait asks again and again instead" },
      ];
  }
}

/** On LeaseCandidates: what a candidate cannot do without the verb. */
const candidateVerbs = [
  ["create", "nobody registers as a candidate: --coordinated=auto elects the plain way, and always ends with 125"],
  ["get", "a candidate cannot look whether it is one still, and soon takes itself for none"],
  ["list", "nobody is told of candidates that contradict each other (all else works)"],
  ["watch", "a candidate asks every 2.5 s whether the server wants an answer of it (all else works)"],
  ["update", "no candidate can answer the server when it asks who is there, as it does at a hand-over"],
  ["delete", "who has ended stays a candidate, and the next election waits for its answer"],
] as const;

function extraRights({ events, podLabel, coordinated }: Extras): Right[] {
  return [
    ...(coordinated ? candidateVerbs.map(([verb, without]) => ({ ...candidates, verb, without })) : []),
    ...(events
      ? [
          {
            ...leases,
            group: "",
            resource: "events",
            name: null,
            verb: "create",
            without: "no Event is recorded (all else works)",
          },
        ]
      : []),
    // The name of a Deployment's pod is not known before it is there.
    ...(podLabel
      ? [
          {
            group: "",
            resource: "pods",
            name: null,
            verb: "patch",
            place: "pod" as const,
            without: "the pod that leads gets no label (all else works)",
          },
        ]
      : []),
  ];
}

/** The rules of a Role that give exactly these rights; verbs on one object make one rule. */
export function rulesOf(rights: readonly Right[]): PolicyRule[] {
  const rules = new Map<string, PolicyRule>();
  for (const { group, resource, name, verb } of rights) {
    const key = JSON.stringify([group, resource, name]);
    const names = name === null ? {} : { resourceNames: [name] };
    const { verbs } = rules.get(key) ?? { verbs: [] };
    rules.set(key, { apiGroups: [group], resources: [resource], ...names, verbs: [...verbs, verb] });
  }
  return [...rules.values()];
}

/** "watch the Lease worker", "create Leases": for sentences. */
export function nameOf({ resource, name, verb }: Right): string {
  return name === null ? `${verb} ${resource}` : `${verb} ${resource}/${name}`;
}
