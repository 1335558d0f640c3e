/** What a Lease says about who leads, as values: sentences and tables are made of them. Times are milliseconds since 1970. */
import type { Answered, StoredLease } from "../core/lease.ts";
import { parseTime } from "../core/time-of-day.ts";
import type { Millis } from "../core/types.ts";

export interface Facts {
  readonly namespace: string;
  readonly name: string;
  /** `expired`: somebody is the holder, and has not renewed for longer than its lease duration. */
  readonly state: "held" | "free" | "expired" | "missing";
  /** `""`: nobody. */
  readonly holder: string;
  /** What the holder is; null: there is none. */
  readonly kind: "leader-exec" | "other" | null;
  readonly since: Millis | null;
  readonly transitions: number | null;
  /** By the server's clock, as well as it can be told. */
  readonly renewed: Millis | null;
  /** How far the holder's clock is from the server's, where that is more than a matter of rounding. */
  readonly clockOff: Millis | null;
  readonly duration: Millis | null;
  /** By the server's clock. */
  readonly expires: Millis | null;
  readonly holdUntil: Millis | null;
  /** How many keys --once has recorded; null: what is there cannot be read. */
  readonly done: number | null;
  readonly lastTick: string | null;
  /** Id of a request to the holder to step down. */
  readonly stepDown: string | null;
  /** By what the API server elects on this Lease (coordinated leader election); null: it does not. */
  readonly strategy: string | null;
  /** Who should lead instead of the holder, by the server's choice. */
  readonly preferred: string | null;
  readonly version: string | null;
}

/** Clocks are told in whole seconds. */
const rounding: Millis = 2_000;

/** @param now on the server's clock */
export function factsOf(at: Pick<Facts, "namespace" | "name">, lease: StoredLease | null, now: Millis): Facts {
  if (lease === null) return { ...at, ...nothing };
  const {
    holder,
    durationSeconds,
    acquireTime,
    transitions,
    markedBy,
    holdUntil,
    done,
    lastTick,
    stepDown,
    coordination,
  } = lease.record;
  const isHeld = holder !== "";
  const duration = durationSeconds === null ? null : durationSeconds * 1_000;
  const clockOff = offsetOf(lease, duration ?? 0);
  const { renewTime } = lease.record;
  const renewed = renewTime === null ? null : renewTime - (clockOff ?? 0);
  const expires = !isHeld || renewed === null || duration === null ? null : renewed + duration;
  return {
    ...at,
    state: !isHeld ? "free" : expires !== null && expires < now ? "expired" : "held",
    holder,
    kind: !isHeld ? null : markedBy === holder ? "leader-exec" : "other",
    since: isHeld ? acquireTime : null,
    transitions,
    renewed,
    clockOff,
    duration: isHeld ? duration : null,
    expires,
    holdUntil: holdUntil !== null && holdUntil > now ? holdUntil : null,
    done:
      done === null
        ? 0
        : done.kind === "keys"
          ? [...done.keys.values()].filter(({ until }) => until > now).length
          : null,
    lastTick,
    stepDown: stepDown?.holder === holder ? stepDown.id : null,
    strategy: coordination?.strategy ?? null,
    preferred: coordination?.preferredHolder ?? null,
    version: lease.version,
  };
}

/** The server's time of day that came with an answer; that of this machine where none did. */
export function timeOf({ serverTime }: Pick<Answered, "serverTime">, wall: Millis): Millis {
  return serverTime ?? wall;
}

const nothing: Omit<Facts, "namespace" | "name"> = {
  state: "missing",
  holder: "",
  kind: null,
  since: null,
  transitions: null,
  renewed: null,
  clockOff: null,
  duration: null,
  expires: null,
  holdUntil: null,
  done: 0,
  lastTick: null,
  stepDown: null,
  strategy: null,
  preferred: null,
  version: null,
};

/**
 * renewTime is the holder's time of day. The API server notes its own when it stores a write (managedFields): earlier than renewTime by
 * more than rounding, or later by more than a lease duration, it shows that the holder's clock is off. Between the two it shows
 * nothing, since others write too.
 */
function offsetOf({ object, record: { renewTime } }: StoredLease, duration: Millis): Millis | null {
  const noted = renewalNotedIn(object);
  if (noted === null || renewTime === null) return null;
  const off = renewTime - noted;
  return off > rounding || off < -Math.max(duration, rounding) ? off : null;
}

function renewalNotedIn(object: unknown): Millis | null {
  const entries = (object as { metadata?: { managedFields?: unknown } } | null)?.metadata?.managedFields;
  if (!Array.isArray(entries)) return null;
  const times = (entries as { time?: unknown; fieldsV1?: { "f:spec"?: object } }[])
    .filter(({ fieldsV1 }) => fieldsV1?.["f:spec"] !== undefined && "f:renewTime" in fieldsV1["f:spec"])
    .map(({ time }) => (typeof time === "string" ? (parseTime(time) ?? NaN) : NaN))
    .filter((time) => !Number.isNaN(time));
  return times.length === 0 ? null : Math.max(...times);
}
