/** Whom a RoleBinding is to be for, from the flags. */
import { flag, type Flag } from "../flag.ts";
import type { Settings } from "../settings.ts";
import { namespaceValue, objectNameValue, UsageError, wrong, type Given } from "../values.ts";
import type { Subject } from "./role.ts";

/** Who a pod runs as that names no service account. */
export const usualAccount = "default";

export const subjectFlags: readonly Flag[] = [
  flag(
    "service-account",
    "NAME",
    usualAccount,
    "bind the Role to this service account; NS:NAME for one of another namespace",
  ),
  flag("user", "NAME", "none", "bind it to a user instead"),
  flag("group", "NAME", "none", "bind it to a group instead"),
];

/** Throws UsageError. */
export function subjectOf(settings: Settings): Subject {
  const [first, second] = subjectFlags.flatMap(({ name }) => {
    const given = settings.get(name);
    return given === undefined ? [] : [{ name, given }];
  });
  if (second !== undefined)
    throw new UsageError(
      `${first?.given.by ?? ""} and ${second.given.by} were given, and a RoleBinding of ours is for one; call leader-exec rbac once for each`,
    );
  if (first === undefined) return { kind: "ServiceAccount", name: usualAccount, namespace: undefined };
  if (first.name === "service-account") return accountOf(first.given);
  return { kind: first.name === "user" ? "User" : "Group", name: first.given.text };
}

function accountOf({ by, text }: Given): Subject {
  const [first = "", second, ...more] = text.split(":");
  if (more.length > 0) throw wrong({ by, text }, "is no service account; give NAME, or NAMESPACE:NAME");
  const [namespace, name] = second === undefined ? [undefined, first] : [namespaceValue({ by, text: first }), second];
  return { kind: "ServiceAccount", name: objectNameValue({ by, text: name }), namespace };
}
