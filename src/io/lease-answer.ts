/** Whether a successful answer of the API server has in it what it should, and what is said when it has not. */
import type { LeaseRecord, StoredLease, StoreFailure, Write } from "../core/lease.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import type { Asked } from "./kubernetes-answer.ts";
import { failure } from "./kubernetes-network-trouble.ts";

/**
 * A server answers a write with what it has stored. Where something in between hands out the answer to another request, to our last
 * renewal for example, nothing was renewed; and where the duration was changed on the way, others wait for another time than we do.
 */
export function answersTo({ base, record: sent }: Write, { uid, version, record: stored }: StoredLease): boolean {
  // Every change gets a version of its own: without one, somebody made a dry run of it.
  if (base !== null && (base.uid !== uid || base.version === version)) return false;
  const isSameTerm = stored.holder === sent.holder && stored.transitions === sent.transitions;
  const isSameTime = stored.renewTime === Math.floor(sent.renewTime ?? 0);
  return isSameTerm && isSameTime && stored.durationSeconds === (sent.durationSeconds ?? 1);
}

export function mixedUp(
  { server, verb, namespace, lease }: Asked,
  { holder, durationSeconds }: LeaseRecord,
): StoreFailure {
  return failure(
    "unexpected",
    `${server} answered the ${verb} of the Lease ${namespace}/${lease} with another content than was sent (holder "${holder}", ` +
      `duration ${durationSeconds ?? "none"}), so what is stored is not known; see whether a proxy in between mixes up answers, ` +
      "or an admission webhook changes Leases",
  );
}

export function notALease({ server, verb }: Asked, { status, body }: HttpAnswer): StoreFailure {
  const begin = body.replace(/[\s\p{Cc}]+/gu, " ").slice(0, 80);
  return failure(
    "unexpected",
    `${server} answered the ${verb} with HTTP ${status} and something that is no Lease ("${begin}"); check the server URL, and what stands between here and the server`,
  );
}
