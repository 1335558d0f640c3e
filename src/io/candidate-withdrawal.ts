import type { Millis } from "../core/types.ts";
import { parseBody } from "./kubernetes-answer.ts";
import { candidatePath, candidateVersions } from "./candidate-path.ts";
import { member, text } from "./json.ts";
import type { KubernetesPeer } from "./kubernetes-peer.ts";

/**
 * Deletes the LeaseCandidate of a process that is dead: the server would elect it, or wait 5 s for its answer (seen: 6.6 s until the next
 * election instead of 0.1 s). Whatever comes of it, the Lease is released then.
 * @returns whether there is none any more
 */
export async function withdraw(peer: KubernetesPeer, identity: string, deadline: Millis): Promise<boolean> {
  for (const api of candidateVersions) {
    const path = `${candidatePath(api, peer.namespace)}/${encodeURIComponent(identity)}`;
    const answer = await peer.ask({ method: "DELETE", path }, deadline);
    const isUnserved = "body" in answer && answer.status === 404;
    if (!isUnserved) return "body" in answer && answer.status < 300;
    if (text(member(parseBody(answer.body), "details"), "kind") !== undefined) return true;
  }
  return true;
}
