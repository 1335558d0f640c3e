/**
 * Kubernetes Events about a Lease, as client-go's leader election records them (resourcelock.LeaseLock.RecordEvent, and makeEvent of
 * its package record): fire and forget, bounded in number and time.
 */
import { randomInt, randomUUID } from "node:crypto";
import type { StoredLease } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Clock, Log } from "../world.ts";
import { asideTrouble, type AsideTrouble, type AskedAside } from "./aside-trouble.ts";
import type { Aside } from "./kubernetes-aside.ts";

/** So many at most are under way; more are left out: whoever leads that often has other troubles. */
const mostAtOnce = 8;
const oneRequest: Millis = 5_000;
/** Before the second try, and before the last one. */
const pauses: readonly Millis[] = [1_000, 4_000];
/** A name is a DNS subdomain (RFC 1123). */
const longestName = 253;

export interface EventFacts {
  readonly namespace: string;
  readonly leaseName: string;
  readonly identity: string;
}

export class LeaseEvents {
  readonly #aside: Aside;
  readonly #facts: EventFacts;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #underWay = new Set<Promise<void>>();
  readonly #hurry = new AbortController();
  /** What the last warning was about: a cause is told once. */
  #told: string | null = null;

  constructor(aside: Aside, facts: EventFacts, clock: Clock, log: Log) {
    this.#aside = aside;
    this.#facts = facts;
    this.#clock = clock;
    this.#log = log;
  }

  /** Begins at once, and tells of a failure by itself. */
  record(what: "became leader" | "stopped leading", { uid, version }: StoredLease): void {
    if (this.#underWay.size >= mostAtOnce) return;
    const message = `${this.#facts.identity} ${what}`;
    const work = this.#deliver(this.#event(message, uid, version), message);
    this.#underWay.add(work);
    void work.then(() => this.#underWay.delete(work));
  }

  /** Who pauses before another try does so no longer. Resolves when nothing is under way; after `limit` at the latest. */
  async drain(limit: Millis): Promise<void> {
    this.#hurry.abort();
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, limit)));
    await Promise.race([Promise.all(this.#underWay), over]);
    clearTimeout(timer);
  }

  async #deliver(body: object, message: string): Promise<void> {
    const { namespace } = this.#facts;
    const asked: AskedAside = {
      what: "create events",
      namespace,
      rule: '{apiGroups: [""], resources: ["events"], verbs: ["create"]}',
    };
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`;
    for (let tries = 0; ; tries++) {
      const trouble = asideTrouble(await this.#aside.send({ method: "POST", path, body }, oneRequest), asked);
      if (trouble === null || trouble.status === 409) return; // 409: an earlier try was applied
      const pause = pauses[tries];
      const isLasting = trouble.isRefusal && trouble.status !== 429;
      if (isLasting || pause === undefined || this.#hurry.signal.aborted) {
        this.#tell(message, trouble);
        return;
      }
      await pauseOf(pause, this.#hurry.signal);
    }
  }

  #tell(message: string, trouble: AsideTrouble): void {
    if (trouble.message === this.#told) return;
    this.#told = trouble.message;
    const text = `no Event "${message}" on the Lease (--events), and nothing else depends on it: ${trouble.message}`;
    this.#log.write({ level: "warn", kind: "event", message: text, fields: {} });
  }

  #event(message: string, uid: string, resourceVersion: string): object {
    const { namespace, leaseName } = this.#facts;
    const wall = this.#clock.wall();
    const time = `${new Date(wall).toISOString().slice(0, 19)}Z`;
    const nanos = BigInt(Math.floor(wall)) * 1_000_000n + BigInt(randomInt(1_000_000));
    const name = `${leaseName}.${nanos.toString(16)}`;
    const component = "leader-exec";
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: name.length > longestName ? randomUUID() : name, namespace },
      involvedObject: {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        namespace,
        name: leaseName,
        uid,
        resourceVersion,
      },
      type: "Normal",
      reason: "LeaderElection",
      message,
      source: { component },
      reportingComponent: component,
      reportingInstance: "",
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    };
  }
}

function pauseOf(span: Millis, hurry: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      hurry.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, span);
    hurry.addEventListener("abort", end);
  });
}
