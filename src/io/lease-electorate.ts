/** Who stands for election on a Lease, for those who only look. */
import type { Rival } from "../core/candidacy-types.ts";
import type { Millis } from "../core/types.ts";
import { parseMicros } from "./candidate-json.ts";
import { candidatePath, candidateVersions } from "./candidate-path.ts";
import { list, member, text } from "./json.ts";
import { parseBody } from "./kubernetes-answer.ts";
import type { KubernetesPeer } from "./kubernetes-peer.ts";

/** A LeaseCandidate. Times are milliseconds since 1970; null: it does not say. */
export interface Standing extends Rival {
  readonly emulationVersion: string;
  readonly registered: Millis | null;
  /** Its last sign of life, by its own clock. */
  readonly answered: Millis | null;
  /** The server asked whether it lives and has no answer yet; null: nothing is to be answered. */
  readonly asked: Millis | null;
}

/** `unserved`: this API server has no LeaseCandidates; `message`: why they cannot be read, a sentence without its full stop. */
export type Electorate =
  | { readonly kind: "known"; readonly candidates: readonly Standing[] }
  | { readonly kind: "unserved" | "unknown"; readonly message: string };

/** Those that want this Lease. Never rejects: that they cannot be read is no reason to tell nothing of the Lease. */
export async function electorateOf(peer: KubernetesPeer, lease: string, deadline: Millis): Promise<Electorate> {
  for (const api of candidateVersions) {
    const answer = await peer.ask({ method: "GET", path: candidatePath(api, peer.namespace) }, deadline);
    if ("kind" in answer) return unknown(answer.message);
    if (answer.status === 200) return { kind: "known", candidates: standingsIn(parseBody(answer.body), lease) };
    if (answer.status === 403) return unknown("we may not list leasecandidates (HTTP 403); add that to the Role");
    if (answer.status !== 404) return unknown(`the API server answered HTTP ${answer.status}`);
  }
  return { kind: "unserved", message: "this API server has no LeaseCandidates" };
}

function unknown(message: string): Electorate {
  return { kind: "unknown", message };
}

function standingsIn(object: unknown, lease: string): Standing[] {
  return list(object, "items").flatMap((item) => {
    const [metadata, spec] = [member(item, "metadata"), member(item, "spec")];
    const identity = text(metadata, "name");
    if (identity === undefined || text(spec, "leaseName") !== lease) return [];
    const times = [metadata["creationTimestamp"], spec["renewTime"], spec["pingTime"]].map(parseMillis);
    const [registered = null, answered = null, asked = null] = times;
    return [
      {
        identity,
        binaryVersion: text(spec, "binaryVersion") ?? "",
        emulationVersion: text(spec, "emulationVersion") ?? "",
        strategy: text(spec, "strategy") ?? "",
        registered,
        answered,
        asked: asked === null || asked <= (answered ?? 0) ? null : asked,
      },
    ];
  });
}

function parseMillis(value: unknown): Millis | null {
  const micros = parseMicros(value);
  return micros === null ? null : micros / 1000;
}
