/** What an answer of the API server means when it is not a LeaseCandidate, in one sentence each. */
import type { Profile } from "../core/candidacy-types.ts";
import type { StoreFailure } from "../core/lease.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import { text } from "./json.ts";
import { parseBody } from "./kubernetes-answer.ts";
import type { KubernetesPeer } from "./kubernetes-peer.ts";

const rule =
  '{apiGroups: ["coordination.k8s.io"], resources: ["leasecandidates"], verbs: ["create", "get", "list", "watch", "update", "delete"]}';

export function candidateTrouble(
  verb: string,
  { status, body }: HttpAnswer,
  { namespace, place: { server } }: Pick<KubernetesPeer, "namespace" | "place">,
  { identity }: Pick<Profile, "identity">,
): StoreFailure {
  const said = text(parseBody(body), "message") ?? body;
  const line = said
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, 300);
  const what = `${verb} the LeaseCandidate ${namespace}/${identity}`;
  if (status === 403) {
    const user = /User "([^"]+)"/.exec(line)?.[1];
    const who = user === undefined ? "we are" : `the user "${user}" is`;
    const message = `${who} not allowed to ${what} on ${server} (HTTP 403); add this rule to a Role in the namespace "${namespace}" and bind it to that user: ${rule}`;
    return { kind: "failed", reason: "forbidden", message };
  }
  const reason = status >= 500 ? "server-error" : status === 429 ? "throttled" : "unexpected";
  const message = `the API server ${server} did not ${what} (HTTP ${status})${line === "" ? "" : `, saying "${line}"`}`;
  return { kind: "failed", reason, message };
}
