/**
 * Who decides on the next holder: the candidates themselves, or kube-apiserver's leader election controller (coordinated leader
 * election). Where the server elects, a candidate takes nothing by itself; that the Lease names it is no leadership before a write of
 * its own is confirmed.
 */
import { isOwn } from "./election.ts";
import type { LeaseRecord } from "./lease.ts";
import type { AcquiredFrom, Millis, Turn } from "./types.ts";

/** As the candidacy (candidacy.ts) knows it now. */
export type Elector =
  | { readonly kind: "ourselves" }
  /**
   * We are registered. `heardAt`: when that was, or when the server last pinged us, on our own clock; `standIn`: where nobody is elected
   * for long, the Lease is taken the plain way.
   */
  | { readonly kind: "server"; readonly heardAt: Millis; readonly standIn: boolean }
  /** Our candidacy was taken back. */
  | { readonly kind: "withdrawn" }
  /** Nobody could elect us now, and we are not to take the Lease by ourselves. `message`: why; `hopeless`: nobody ever could. */
  | { readonly kind: "none"; readonly message: string; readonly hopeless: boolean };

export const ourselves: Elector = { kind: "ourselves" };

/** So many lease durations without a holder and without a ping: no controller is at work. */
const silentDurations = 2;
/** But not sooner: an API server that was started anew elects nobody for as long as its own controller's Lease lasts (22 s seen). */
const restartTakes: Millis = 30_000;
/** Nothing but news ends such a wait. Not Infinity, which is a time that has to be asked for (hold-back.ts). */
const never: Millis = Number.MAX_VALUE;

/** When a Lease that is free from `free` on may be taken without having been named. */
export function mayTakeAt(free: Millis, { elector, me }: Turn): Millis {
  switch (elector.kind) {
    case "ourselves":
      return free;
    case "server":
      return elector.standIn
        ? Math.max(free, elector.heardAt) + Math.max(silentDurations * me.timing.leaseDuration, restartTakes)
        : never;
    case "withdrawn":
    case "none":
      return never;
  }
}

/** The server wrote our name: it is to be confirmed by a write of ours. */
export function isNamed({ holder, coordination }: LeaseRecord, { me, elector }: Turn): boolean {
  return elector.kind !== "ourselves" && holder === me.identity && coordination !== null;
}

/** How a Lease is come by that may be taken now: among ourselves it would be so. `record` null: there is none. */
export function originOf(record: LeaseRecord | null, plainly: AcquiredFrom, turn: Turn): AcquiredFrom {
  if (record !== null && isOwn(record, turn.me)) return "own";
  if (record !== null && isNamed(record, turn)) return "elected";
  return turn.elector.kind === "server" ? "unelected" : plainly;
}

/** The Lease is ours to confirm: named by the server, or by an earlier write of ours. */
export function isOurs(record: LeaseRecord, turn: Turn): boolean {
  return isOwn(record, turn.me) || isNamed(record, turn);
}

/** Who should lead in our place, and asks us so to give the Lease back; null: nobody. Who elects by himself is not asked. */
export function successorIn({ coordination }: LeaseRecord, { me, elector }: Turn): string | null {
  const preferred = coordination?.preferredHolder ?? null;
  return elector.kind === "ourselves" || preferred === me.identity ? null : preferred;
}

/** What a new holder, or a release, leaves of it: the request was for the holder before. */
export function withoutRequest({ coordination }: LeaseRecord): LeaseRecord["coordination"] {
  return coordination === null ? null : { ...coordination, preferredHolder: null };
}
