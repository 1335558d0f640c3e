/** One Lease on a Kubernetes API server: GET, PUT, POST and a watch, of which every other elector sees only the Lease. */
import type { ReadResult, StoreFailure, Write, WriteResult } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Clock, LeaseStore, Watch, WatchListener } from "../world.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import { text } from "./json.ts";
import type { ClusterAccess } from "./kubernetes-access.ts";
import { candidateNeeds, isLeaseMissing, parseBody, serverTimeOf } from "./kubernetes-answer.ts";
import { statusFailure, type Asked, type Verb } from "./kubernetes-answer.ts";
import type { Call } from "./kubernetes-client.ts";
import { Aside } from "./kubernetes-aside.ts";
import { connect, type Connection } from "./kubernetes-connect.ts";
import { networkFailure } from "./kubernetes-network-trouble.ts";
import { findAccess, type SourceOptions } from "./kubernetes-sources.ts";
import type { KubernetesPeer } from "./kubernetes-peer.ts";
import { ObjectWatch, type ObjectListener } from "./kubernetes-watch.ts";
import { answersTo, mixedUp, notALease } from "./lease-answer.ts";
import { leaseObject, parseLease } from "./lease-json.ts";

/** Which Lease of a cluster. */
export interface KubernetesLease {
  /** From -n; undefined: what the configuration says, then `default`. */
  readonly namespace: string | undefined;
  readonly lease: string;
  readonly clock: Clock;
  /** For credential plugins and proxies. */
  readonly env: SourceOptions["env"];
  /** What is going to be done with the Lease, for the rule that a sentence names; what a candidate does when it is not given. */
  readonly needs?: readonly Verb[];
}

export interface OpenedKubernetes {
  readonly store: LeaseStore;
  readonly namespace: string;
  /** URL of the API server. */
  readonly cluster: string;
  /** Where the configuration comes from. */
  readonly source: string;
  /** To the same server, as the same user. */
  readonly aside: Aside;
  /** The same connection, for other objects. */
  readonly peer: KubernetesPeer;
}

/** Sends nothing yet. Throws LocalTrouble for what is wrong on this machine and will not mend itself. */
export async function openKubernetesStore(options: SourceOptions & KubernetesLease): Promise<OpenedKubernetes> {
  return openLease(await findAccess(options), options);
}

/** The same for a cluster that was found already. */
export async function openLease(access: ClusterAccess, options: KubernetesLease): Promise<OpenedKubernetes> {
  const { env, lease, clock, needs = candidateNeeds } = options;
  const connection = await connect(access, env, clock);
  const namespace = options.namespace ?? access.namespace ?? "default";
  const { server: cluster, source } = connection.place;
  const store = new KubernetesStore(connection, { namespace, lease, needs }, clock);
  return {
    store,
    namespace,
    cluster,
    source,
    peer: store.peer,
    aside: new Aside(() => connect(access, env, clock), clock),
  };
}

class KubernetesStore implements LeaseStore {
  readonly description: string;
  readonly #connection: Connection;
  /** Which Lease, where and what for. */
  readonly #about: Omit<Asked, "verb">;
  readonly #clock: Clock;
  /** Path of the namespace's Leases. */
  readonly #path: string;
  readonly #watches = new Set<ObjectWatch>();

  constructor(connection: Connection, of: Pick<Asked, "namespace" | "lease" | "needs">, clock: Clock) {
    const { server, source } = connection.place;
    this.description = `cluster ${server}, from ${source}, namespace ${of.namespace}`;
    this.#connection = connection;
    this.#about = { ...connection.place, ...of };
    this.#clock = clock;
    this.#path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(of.namespace)}/leases`;
  }

  get peer(): KubernetesPeer {
    return {
      namespace: this.#about.namespace,
      place: this.#connection.place,
      ask: (call, deadline) => this.#ask(call, deadline),
      watch: (path, name, since, listener) => this.#watch(path, name, since, listener),
    };
  }

  /** A namespace that does not exist has no Lease in it either: the API server tells on a create. */
  async read(deadline: Millis): Promise<ReadResult> {
    const answer = await this.#ask({ method: "GET", path: this.#leasePath() }, deadline);
    if ("kind" in answer) return answer;
    if (answer.status === 404 && isLeaseMissing(parseBody(answer.body))) return { kind: "missing" };
    const lease = this.#leaseIn(answer, "get");
    return "fingerprint" in lease ? { kind: "found", lease, ...serverTimeOf(answer) } : lease;
  }

  async write(write: Write, deadline: Millis): Promise<WriteResult> {
    const verb = write.base === null ? "create" : "update";
    const body = leaseObject(write, this.#about.lease, this.#about.namespace);
    const call: Call =
      verb === "create" ? { method: "POST", path: this.#path, body } : { method: "PUT", path: this.#leasePath(), body };
    const answer = await this.#ask(call, deadline);
    if ("kind" in answer) return answer;
    if (verb === "create") {
      // Any other 409, that of a quota for example, would be one for ever.
      if (answer.status === 409 && text(parseBody(answer.body), "reason") === "AlreadyExists")
        return { kind: "conflict" };
    } else {
      if (answer.status === 409) return { kind: "conflict" };
      if (answer.status === 404 && isLeaseMissing(parseBody(answer.body))) return { kind: "missing" };
    }
    const lease = this.#leaseIn(answer, verb);
    if (!("fingerprint" in lease)) return lease;
    return answersTo(write, lease)
      ? { kind: "stored", lease, ...serverTimeOf(answer) }
      : mixedUp(this.#asked(verb), lease.record);
  }

  watch(since: string | null, listener: WatchListener): Watch {
    return this.#watch(this.#path, this.#about.lease, since, {
      changed: (object) => {
        const lease = parseLease(object);
        if (lease !== null) listener.changed(lease);
        return lease !== null;
      },
      deleted: () => listener.deleted(),
      ended: (reason) => listener.ended(reason),
    });
  }

  close(): void {
    for (const watch of this.#watches) watch.close();
    this.#connection.client.close();
  }

  #watch(path: string, name: string, since: string | null, listener: ObjectListener): Watch {
    const { client } = this.#connection;
    const onEnd = (ended: ObjectWatch): void => void this.#watches.delete(ended);
    const watch = new ObjectWatch({ client, clock: this.#clock, path, name, since, listener, onEnd });
    this.#watches.add(watch);
    return watch;
  }

  async #ask(call: Call, deadline: Millis): Promise<HttpAnswer | StoreFailure> {
    const { client, place } = this.#connection;
    try {
      return await client.send(call, deadline);
    } catch (error) {
      return networkFailure(error, place);
    }
  }

  /** The Lease that a successful answer has; for every other answer, what is wrong. */
  #leaseIn(answer: HttpAnswer, verb: Verb) {
    const asked = this.#asked(verb);
    if (answer.status < 200 || answer.status > 299) return statusFailure(answer, asked, this.#clock.wall());
    return parseLease(parseBody(answer.body)) ?? notALease(asked, answer);
  }

  #asked(verb: Verb): Asked {
    return { ...this.#about, verb };
  }

  #leasePath(): string {
    return `${this.#path}/${encodeURIComponent(this.#about.lease)}`;
  }
}
