/** What the server said of each right. Pure. */
import type { StoreFailure } from "../core/lease.ts";
import { note, ok, problem, problemOf, type Finding } from "./finding.ts";
import { nameOf, type Right } from "./rights.ts";

/** What a SelfSubjectAccessReview was answered; `denied`: not even that may be asked. */
export type Allowance =
  { readonly kind: "found"; readonly value: boolean } | { readonly kind: "missing" | "denied" } | StoreFailure;

export interface RightsView {
  readonly namespace: string;
  /** Whom the server takes us for; null: it does not say. */
  readonly user: string | null;
  /** The command that prints what is missing. */
  readonly remedy: string;
}

export function judgeRight(right: Right, allowance: Allowance, { namespace, user, remedy }: RightsView): Finding {
  const what = nameOf(right);
  const facts = { verb: right.verb, resource: right.resource, name: right.name, namespace };
  switch (allowance.kind) {
    case "found":
      if (allowance.value) return ok("right", `may ${what} in ${namespace}`, { ...facts, allowed: true });
      return problem(
        "right",
        `${user ?? "this user"} may not ${what} in ${namespace}, so ${right.without}`,
        `give it the Role that this prints: ${remedy}`,
        { ...facts, allowed: false },
      );
    case "missing":
    case "denied":
      return note(
        "right",
        `whether we may ${what} in ${namespace} cannot be asked (SelfSubjectAccessReview)`,
        "allow that, as Kubernetes' own role system:basic-user does",
        { ...facts, allowed: null },
      );
    case "failed":
      return { ...problemOf("right", allowance.message), facts: { ...facts, allowed: null } };
  }
}

/** What to type for the rights of whom the server takes us for. */
export function remedyFor(user: string | null, namespace: string, flags: readonly string[]): string {
  const [system, kind, space = "", name = ""] = (user ?? "").split(":");
  const account = system === "system" && kind === "serviceaccount";
  const subject = account
    ? ["--service-account", `${space}:${name}`]
    : user === null
      ? ["--service-account", "NAME"]
      : ["--user", user];
  return `leader-exec rbac -n ${namespace} ${[...flags, ...subject].map(quoted).join(" ")} | kubectl apply -f -`;
}

/** For a shell. */
const quoted = (word: string): string => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);
