/** LeaseCandidates on an API server: where they are served, and ours among them. */
import type { Ask, AskAnswer, Profile } from "../core/candidacy-types.ts";
import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Watch, WatchListener } from "../world.ts";
import { candidatePath, candidateResource, candidateVersions, coordinationGroup } from "./candidate-path.ts";
import { candidateTrouble } from "./candidate-trouble.ts";
import { candidateObject, parseCandidate, rivalsIn } from "./candidate-json.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import { list, member, text } from "./json.ts";
import { parseBody, serverTimeOf } from "./kubernetes-answer.ts";
import type { KubernetesPeer } from "./kubernetes-peer.ts";

type CandidateListener = Pick<WatchListener, "deleted" | "ended"> & {
  readonly changed: (candidate: NonNullable<ReturnType<typeof parseCandidate>>) => void;
};

export class LeaseCandidates {
  readonly #peer: KubernetesPeer;
  readonly #profile: Profile;

  constructor(peer: KubernetesPeer, profile: Profile) {
    this.#peer = peer;
    this.#profile = profile;
  }

  /** Never rejects. */
  async ask(ask: Ask, deadline: Millis): Promise<AskAnswer> {
    switch (ask.kind) {
      case "discover":
        return this.#discover(deadline);
      case "create": {
        const trouble = await this.#nameNobody(deadline);
        if (trouble !== null) return trouble;
        const body = this.#object(ask.api, null, ask.renewTime);
        return this.#stored(
          "create",
          await this.#peer.ask({ method: "POST", path: this.#path(ask.api), body }, deadline),
        );
      }
      case "update": {
        const body = this.#object(ask.api, ask.base, ask.renewTime);
        return this.#stored(
          "update",
          await this.#peer.ask({ method: "PUT", path: this.#own(ask.api), body }, deadline),
        );
      }
      case "read":
        return this.#stored("get", await this.#peer.ask({ method: "GET", path: this.#own(ask.api) }, deadline));
      case "delete": {
        const answer = await this.#peer.ask({ method: "DELETE", path: this.#own(ask.api) }, deadline);
        return "status" in answer && answer.status < 300 ? { kind: "deleted" } : this.#trouble("delete", answer);
      }
      case "list": {
        // The API server knows no field selector for the Lease's name.
        const answer = await this.#peer.ask({ method: "GET", path: this.#path(ask.api) }, deadline);
        if (!("status" in answer) || answer.status !== 200) return this.#trouble("list", answer);
        return { kind: "rivals", rivals: rivalsIn(parseBody(answer.body), this.#profile.lease) };
      }
    }
  }

  watch(api: string, since: string, listener: CandidateListener): Watch {
    return this.#peer.watch(this.#path(api), this.#profile.identity, since, {
      ...listener,
      changed: (object) => {
        const candidate = parseCandidate(object);
        if (candidate !== null) listener.changed(candidate);
        return candidate !== null;
      },
    });
  }

  async #discover(deadline: Millis): Promise<AskAnswer> {
    for (const api of candidateVersions) {
      const answer = await this.#peer.ask({ method: "GET", path: `${coordinationGroup}/${api}` }, deadline);
      if ("kind" in answer) return answer;
      const isServed = list(parseBody(answer.body), "resources").some(
        (each) => text(each, "name") === candidateResource,
      );
      // Who may not ask what is served finds out by asking for it.
      if ((answer.status === 200 && isServed) || answer.status === 403)
        return { kind: "served", api, ...serverTimeOf(answer) };
      if (answer.status !== 200 && answer.status !== 404) return this.#trouble("get", answer);
    }
    const { server } = this.#peer.place;
    const message = `the API server ${server} has no LeaseCandidates (coordination.k8s.io/${candidateVersions.join(", ")}): coordinated leader election is not on there`;
    return { kind: "unserved", message };
  }

  /**
   * A Lease whose holder is null instead of "" (the C# and Rust clients release so) crashes a kube-apiserver that is to elect on it (seen
   * on v1.37.2, again after each restart). So it is mended before there is a candidate.
   */
  async #nameNobody(deadline: Millis): Promise<StoreFailure | null> {
    const { namespace } = this.#peer;
    const path = `${coordinationGroup}/v1/namespaces/${encodeURIComponent(namespace)}/leases/${encodeURIComponent(this.#profile.lease)}`;
    const answer = await this.#peer.ask({ method: "GET", path }, deadline);
    if ("kind" in answer) return answer;
    const lease = parseBody(answer.body);
    const spec = member(lease, "spec");
    if (answer.status !== 200 || lease === undefined || typeof spec["holderIdentity"] === "string") return null;
    const body = { ...lease, spec: { ...spec, holderIdentity: "" } };
    const mended = await this.#peer.ask({ method: "PUT", path, body }, deadline);
    if ("kind" in mended) return mended;
    return mended.status < 300 ? null : candidateTrouble("update", mended, this.#peer, this.#profile);
  }

  #stored(verb: string, answer: HttpAnswer | StoreFailure): AskAnswer {
    if (!("status" in answer) || answer.status > 299) return this.#trouble(verb, answer);
    const candidate = parseCandidate(parseBody(answer.body));
    if (candidate === null) return candidateTrouble(verb, answer, this.#peer, this.#profile);
    return { kind: "stored", candidate, ...serverTimeOf(answer) };
  }

  #trouble(verb: string, answer: HttpAnswer | StoreFailure): AskAnswer {
    if (!("status" in answer)) return answer;
    const status = parseBody(answer.body);
    const kind = text(member(status, "details"), "kind");
    if (answer.status === 409) return { kind: "conflict" };
    if (answer.status === 404 && kind === candidateResource) return { kind: "missing" };
    if (answer.status === 404 && kind === undefined) {
      const message = `the API server ${this.#peer.place.server} has no LeaseCandidates any more: coordinated leader election is not on there`;
      return { kind: "unserved", message };
    }
    return candidateTrouble(verb, answer, this.#peer, this.#profile);
  }

  #object(api: string, ...rest: [Parameters<typeof candidateObject>[3], number]) {
    return candidateObject(this.#profile, api, this.#peer.namespace, ...rest);
  }

  #path(api: string): string {
    return candidatePath(api, this.#peer.namespace);
  }

  #own(api: string): string {
    return `${this.#path(api)}/${encodeURIComponent(this.#profile.identity)}`;
  }
}
