import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import {
  leasePath,
  type Answer,
  type AuditEntry,
  type Credentials,
  type KubeObject,
  type Lab,
  type LabUser,
} from "../lab/index.ts";
import { folderOf } from "../support/candidate.ts";

/** A write that the store applied. `at`: milliseconds since 1970, when the request came in: nobody saw it earlier. */
export interface Applied {
  readonly at: number;
  readonly by: "candidate" | "other";
  /** `""`: nobody; null: the Lease was deleted. */
  readonly holder: string | null;
  readonly durationMs: number;
}

/** Where one Lease is, and the second witness: what its store was asked to write. */
export interface Place {
  readonly store: "kubernetes" | "file";
  /** So many milliseconds a write may in fact have come in after what its `at` says. */
  readonly lateBy: number;
  /** What leads a candidate to the Lease. */
  readonly args: readonly string[];
  /** In the order in which they came in. */
  writes(): Promise<Applied[]>;
  /** Requests by candidates so far, whatever became of them; null where nobody counts. */
  requests(): Promise<number | null>;
}

/** A Lease on a real API server, and the admin's hand in it. */
export interface ServerPlace extends Place {
  readonly namespace: string;
  readonly lease: string;
  readonly path: string;
  readonly user: LabUser;
  readonly credentials: Credentials | undefined;
  /** A request with all rights to the Lease's own path. */
  admin(method: string, body?: unknown): Promise<Answer>;
}

/** A fresh Lease in a folder. */
export function filePlace(t: TestContext, folder = join(folderOf(t), "leases")): Place {
  const versions = join(folder, "default", "leader-exec");
  const seen = new Map<string, Applied>();
  return {
    store: "file",
    // The kernel stamps files by a clock that its timer moves on, every 10 ms where it is slowest (CONFIG_HZ=100).
    lateBy: 10,
    // The process tree in whichever way is at hand, while serverPlace has the harder one: many faults run with both.
    args: ["--lease-store", `file:${folder}`, "--process-tree", "auto"],
    writes: () => Promise.resolve(versionsIn(versions, seen)),
    requests: () => Promise.resolve(null),
  };
}

/**
 * A fresh Lease on the lab's server, and a user with exactly the documented Role.
 * @param server the way to it; null: each candidate gets a kubeconfig of its own
 * @param credentialsOf how the user proves who it is, if not by its token
 */
export async function serverPlace(
  lab: Lab,
  server: string | null = lab.url,
  credentialsOf?: (user: LabUser) => Promise<Credentials>,
): Promise<ServerPlace> {
  const namespace = await lab.createNamespace();
  const lease = "job";
  const user = await lab.user(namespace, lease);
  const credentials = await credentialsOf?.(user);
  const more = credentials ? { credentials } : {};
  const access = server === null ? [] : ["--kubeconfig", await user.kubeconfig({ server, ...more })];
  const path = leasePath(namespace, lease);
  const ofLease = (entry: AuditEntry): boolean => entry.namespace === namespace && entry.resource === "leases";
  return {
    store: "kubernetes",
    lateBy: 0,
    namespace,
    lease,
    path,
    user,
    credentials,
    args: [...access, "--lease-name", lease, "--process-tree", "proc"],
    admin: (method, body) => lab.admin(method, path, body),
    requests: async () => (await lab.auditLog.entries((entry) => ofLease(entry) && entry.user === user.name)).length,
    writes: async () => {
      const verbs = new Set(["create", "update", "patch", "delete"]);
      const entries = await lab.auditLog.entries(
        (entry) => ofLease(entry) && verbs.has(entry.verb) && [200, 201].includes(entry.status),
      );
      return entries.map((entry) => ({
        at: entry.at,
        by: entry.user === user.name ? "candidate" : "other",
        holder: entry.verb === "delete" ? null : holderOf(entry.responseObject),
        durationMs: durationOf(entry.responseObject),
      }));
    },
  };
}

const holderOf = (lease: KubeObject | undefined): string => lease?.spec?.holderIdentity ?? "";
const durationOf = (lease: KubeObject | undefined): number => (lease?.spec?.leaseDurationSeconds ?? 0) * 1000;

/** Old versions are collected after a minute; those that were seen before are remembered in `seen`. */
function versionsIn(folder: string, seen: Map<string, Applied>): Applied[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".json")) : [];
  for (const name of names.filter((each) => !seen.has(each))) {
    const path = join(folder, name);
    const lease = JSON.parse(readFileSync(path, "utf8")) as KubeObject;
    // The file was written before it was linked into its place, so that is the earliest moment.
    const at = statSync(path).mtimeMs;
    seen.set(name, { at, by: "candidate", holder: holderOf(lease), durationMs: durationOf(lease) });
  }
  const numbers = [...seen].sort(([a], [b]) => Number.parseInt(a) - Number.parseInt(b));
  return numbers.map(([, applied]) => applied);
}
