import { createClock } from "../../src/io/clock.ts";
import { openKubernetesStore, type OpenedKubernetes } from "../../src/io/lease-kubernetes.ts";
import type { LeaseRecord, ReadResult, StoredLease, WriteResult } from "../../src/core/lease.ts";
import type { LeaseStore, WatchListener } from "../../src/world.ts";

export const clock = createClock();

/** Milliseconds that a request of these tests gets where its end is not what is tested. */
const plenty = 15_000;

/** A store of the Lease `demo`, as leader-exec opens it with --kubeconfig. */
export function open(
  kubeconfig: string,
  more: Partial<Parameters<typeof openKubernetesStore>[0]> = {},
): Promise<OpenedKubernetes> {
  return openKubernetesStore({
    kubeconfig,
    context: undefined,
    env: process.env,
    namespace: undefined,
    lease: "demo",
    clock,
    ...more,
  });
}

export function recordOf(holder: string, more: Partial<LeaseRecord> = {}): LeaseRecord {
  const now = Date.now();
  return {
    holder,
    durationSeconds: 15,
    acquireTime: now,
    renewTime: now,
    transitions: 0,
    markedBy: holder,
    holdUntil: null,
    done: null,
    lastTick: null,
    stepDown: null,
    coordination: null,
    ...more,
  };
}

export const read = (store: LeaseStore, within = plenty): Promise<ReadResult> => store.read(clock.now() + within);

export const write = (
  store: LeaseStore,
  base: StoredLease | null,
  record: LeaseRecord,
  within = plenty,
): Promise<WriteResult> => store.write({ base, record }, clock.now() + within);

/** The Lease of an answer; throws the answer when it has none. */
export function leaseOf(result: ReadResult | WriteResult): StoredLease {
  if (result.kind === "found" || result.kind === "stored") return result.lease;
  throw new Error(`no Lease: ${JSON.stringify(result)}`);
}

/** The sentence of a failure, with its reason before it; throws the answer when it is none. */
export function failureOf(result: ReadResult | WriteResult): string {
  if (result.kind === "failed") return `${result.reason}: ${result.message}`;
  throw new Error(`no failure: ${JSON.stringify(result)}`);
}

/** Writes down what a watch tells: "changed HOLDER", "deleted", "ended REASON". */
export function diary(): WatchListener & { readonly told: readonly string[] } {
  const told: string[] = [];
  return {
    told,
    changed: (lease) => told.push(`changed ${lease.record.holder}`),
    deleted: () => told.push("deleted"),
    ended: (reason) => told.push(`ended ${reason}`),
  };
}
