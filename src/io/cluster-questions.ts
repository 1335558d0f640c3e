/** What doctor asks an API server besides the Lease: nothing that it would store, not even the reviews that are POSTed. */
import type { ReadResult, StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import { member, text, type Json } from "./json.ts";
import { candidateNeeds, isLeaseMissing, parseBody, serverTimeOf, statusFailure } from "./kubernetes-answer.ts";
import type { Call } from "./kubernetes-client.ts";
import type { Connection } from "./kubernetes-connect.ts";
import { failure, networkFailure } from "./kubernetes-network-trouble.ts";
import { parseLease } from "./lease-json.ts";

/** The object that was asked for; `denied`: we may not know whether there is one. `user`: whom the server said that to. */
export type Found<T> =
  | { readonly kind: "found"; readonly value: T }
  | { readonly kind: "missing" }
  | { readonly kind: "denied"; readonly user: string | null }
  | StoreFailure;

/** One read of the Lease, timed. Times of day are by our own clock. */
export interface TimedRead {
  readonly result: ReadResult;
  readonly sentAt: Millis;
  readonly receivedAt: Millis;
  /** By the monotonic clock. */
  readonly took: Millis;
  /** The server's clock, cut to whole seconds; undefined: there was no answer, or it told none. */
  readonly serverTime: Millis | undefined;
}

/** As in SelfSubjectAccessReview; `name` null: any. */
export interface Attributes {
  readonly namespace: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string | null;
  readonly verb: string;
}

/** Nothing of it throws or rejects; every answer comes by the deadline, on the clock. */
export class ClusterQuestions {
  readonly #connection: Connection;
  readonly #clock: Clock;

  constructor(connection: Connection, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
  }

  async readLease(namespace: string, lease: string, deadline: Millis): Promise<TimedRead> {
    const path = `/apis/coordination.k8s.io/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(lease)}`;
    const [sentAt, begun] = [this.#clock.wall(), this.#clock.now()];
    const answer = await this.#ask({ method: "GET", path }, deadline);
    const times = { sentAt, receivedAt: this.#clock.wall(), took: this.#clock.now() - begun };
    if ("kind" in answer) return { ...times, result: answer, serverTime: undefined };
    return {
      ...times,
      result: this.#leaseIn(answer, namespace, lease),
      ...{ serverTime: undefined, ...serverTimeOf(answer) },
    };
  }

  /** "v1.37.2" */
  version(deadline: Millis): Promise<Found<string>> {
    return this.#object({ method: "GET", path: "/version" }, deadline, (object) => text(object, "gitVersion"));
  }

  /** Whether it exists: "Active" or "Terminating". */
  namespace(name: string, deadline: Millis): Promise<Found<string>> {
    const path = `/api/v1/namespaces/${encodeURIComponent(name)}`;
    return this.#object({ method: "GET", path }, deadline, (object) => text(member(object, "status"), "phase"));
  }

  /** How long kubelet waits before it kills the pod. */
  podGrace(namespace: string, pod: string, deadline: Millis): Promise<Found<Millis>> {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(pod)}`;
    return this.#object({ method: "GET", path }, deadline, (object) => {
      const seconds = member(object, "spec")["terminationGracePeriodSeconds"];
      return typeof seconds === "number" ? seconds * 1000 : undefined;
    });
  }

  /** Whom the server takes us for. Missing before Kubernetes 1.28. */
  whoAmI(deadline: Millis): Promise<Found<string>> {
    const call = review("authentication.k8s.io", "SelfSubjectReview", {});
    return this.#object(call, deadline, (object) => text(member(member(object, "status"), "userInfo"), "username"));
  }

  /** Whether we are allowed to do this. */
  mayI({ name, ...attributes }: Attributes, deadline: Millis): Promise<Found<boolean>> {
    const resourceAttributes = { ...attributes, ...(name === null ? {} : { name }) };
    const call = review("authorization.k8s.io", "SelfSubjectAccessReview", { spec: { resourceAttributes } });
    return this.#object(call, deadline, (object) => member(object, "status")["allowed"] === true);
  }

  close(): void {
    this.#connection.client.close();
  }

  #leaseIn(answer: HttpAnswer, namespace: string, lease: string): ReadResult {
    const object = parseBody(answer.body);
    if (answer.status === 404 && isLeaseMissing(object)) return { kind: "missing" };
    const found = answer.status === 200 ? parseLease(object) : null;
    if (found !== null) return { kind: "found", lease: found, ...serverTimeOf(answer) };
    const { place } = this.#connection;
    return statusFailure(
      answer,
      { ...place, verb: "get", needs: candidateNeeds, namespace, lease },
      this.#clock.wall(),
    );
  }

  async #object<T>(call: Call, deadline: Millis, pick: (object: Json) => T | undefined): Promise<Found<T>> {
    const answer = await this.#ask(call, deadline);
    if ("kind" in answer) return answer;
    if (answer.status === 403) return { kind: "denied", user: /User "([^"]+)"/.exec(messageOf(answer))?.[1] ?? null };
    if (answer.status === 404) return { kind: "missing" };
    const object = answer.status < 300 ? parseBody(answer.body) : undefined;
    const value = object === undefined ? undefined : pick(object);
    if (value !== undefined) return { kind: "found", value };
    const { server } = this.#connection.place;
    return failure(
      "unexpected",
      `${server} answered ${call.method} ${call.path} with HTTP ${answer.status}; see its log`,
    );
  }

  async #ask(call: Call, deadline: Millis): Promise<HttpAnswer | StoreFailure> {
    const { client, place } = this.#connection;
    try {
      return await client.send(call, deadline);
    } catch (error) {
      return networkFailure(error, place);
    }
  }
}

const messageOf = ({ body }: HttpAnswer): string => text(parseBody(body), "message") ?? "";

function review(group: string, kind: string, more: object): Call {
  const path = `/apis/${group}/v1/${kind.toLowerCase()}s`;
  return { method: "POST", path, body: { apiVersion: `${group}/v1`, kind, ...more } };
}
