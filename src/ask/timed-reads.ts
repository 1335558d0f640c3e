/** Reads of the Lease, timed, and what their answers say of the server's clock. */
import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { TimedRead } from "../io/cluster-questions.ts";
import type { OpenedCluster } from "../io/open-cluster.ts";
import type { Clock } from "../world.ts";
import { clockOffset, type ClockSample } from "./clock-offset.ts";

export const readCount = 20;

/** As many as there are to be, unless the time is over or one brings no answer. */
export async function manyReads(
  { questions, namespace }: OpenedCluster,
  lease: string,
  clock: Clock,
  limit: Millis,
): Promise<TimedRead[]> {
  const reads: TimedRead[] = [];
  const until = clock.now() + limit;
  while (reads.length < readCount && clock.now() < until) {
    const read = await questions.readLease(namespace, lease, clock.now() + limit);
    reads.push(read);
    if (read.result.kind === "failed" && !isAnswer(read.result)) break;
  }
  return reads;
}

/** The server has spoken, and knows what a Lease is. */
export const isAnswer = ({ reason }: StoreFailure): boolean =>
  ["forbidden", "unauthorized", "namespace-missing"].includes(reason);

export function samplesOf(reads: readonly TimedRead[]): ClockSample[] {
  return reads.flatMap(({ sentAt, receivedAt, serverTime }) =>
    serverTime === undefined ? [] : [{ sentAt, receivedAt, serverTime }],
  );
}

/** By the server's clock, as well as that is known. */
export function serverNow({ receivedAt }: TimedRead, samples: readonly ClockSample[]): Millis {
  const offset = clockOffset(samples);
  if (offset === null || (offset.least <= 0 && offset.most >= 0)) return receivedAt;
  return receivedAt + (offset.least + offset.most) / 2;
}
