/** What the server said of itself and of the namespace. Pure. */
import type { StoreFailure } from "../core/lease.ts";
import { note, ok, problem, problemOf, type Finding } from "./finding.ts";

type Told<T> = { readonly kind: "found"; readonly value: T } | { readonly kind: "missing" | "denied" } | StoreFailure;

/** The oldest that the tests run on: 1.26. */
const oldestMinor = 26;

export function judgeVersion(told: Told<string>): Finding {
  if (told.kind === "failed") return problemOf("kubernetes", told.message);
  if (told.kind !== "found") return note("kubernetes", "its version may not be read (/version)");
  const facts = { version: told.value };
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(told.value) ?? [];
  if (major === "1" && Number(minor) < oldestMinor)
    return problem("kubernetes", `${told.value} is older than 1.${oldestMinor}`, "update the cluster", facts);
  return ok("kubernetes", told.value, facts);
}

/** `allDenied`: we are allowed nothing there, as in a namespace that does not exist. */
export function judgeNamespace(name: string, told: Told<string>, allDenied: boolean): Finding {
  switch (told.kind) {
    case "found":
      if (told.value === "Terminating")
        return problem("namespace", `${name} is being deleted, and takes no new Lease`, "choose another one with -n");
      return ok("namespace", `${name} exists`);
    case "missing":
      return problem("namespace", `${name} does not exist`, "create it, or choose another one with -n");
    case "denied":
      if (allDenied)
        return note("namespace", `whether ${name} exists may not be looked up`, "see that its name is right");
      return ok("namespace", `${name} may not be looked up, but has rights for us, so it is taken to exist`);
    case "failed":
      return problemOf("namespace", told.message);
  }
}
