/**
 * A Lease as JSON, the same in every store: coordination.k8s.io/v1 as Kubernetes documents it, read with tolerance for
 * what other electors write (null for "nobody", any fraction in a time), written in the one form that all of them accept.
 */
import type { LeaseRecord, StoredLease, Write } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import { doneAnnotation, formatDone, parseDone } from "./done-json.ts";
import { formatStepDown, parseStepDown } from "./step-down-json.ts";
import { isObject, member, text, type Json } from "./json.ts";

/** Marks a term that leader-exec wrote: other electors keep it, so it counts only while it equals the holder. */
export const holderAnnotation = "leader-exec/holder";

/** Leader-exec candidates do not acquire before this instant; other electors know nothing of it. */
export const holdAnnotation = "leader-exec/hold-until";

/** The tick that `--schedule` is done with. */
export const tickAnnotation = "leader-exec/last-tick";

/** Asks the holder that it names to hand over: {"v":1,"holder":"<identity>","id":"<id>"}. */
export const stepDownAnnotation = "leader-exec/step-down";

/** Reads a Lease object; null when it is not one (no metadata with name, uid and resourceVersion). */
export function parseLease(object: unknown): StoredLease | null {
  const metadata = member(object, "metadata");
  const { uid, resourceVersion } = metadata;
  if (typeof uid !== "string" || typeof resourceVersion !== "string") return null;
  const spec = member(object, "spec");
  const annotations = member(metadata, "annotations");
  const mark = annotations[holderAnnotation];
  const raw = [
    spec["holderIdentity"] ?? "",
    spec["leaseDurationSeconds"] ?? null,
    spec["acquireTime"] ?? null,
    spec["renewTime"] ?? null,
    spec["leaseTransitions"] ?? 0,
  ];
  const [holder, duration, acquireTime, renewTime, transitions] = raw;
  const strategy = text(spec, "strategy");
  return {
    version: resourceVersion,
    uid,
    object,
    fingerprint: JSON.stringify(raw),
    record: {
      holder: typeof holder === "string" ? holder : "",
      durationSeconds: typeof duration === "number" && duration > 0 ? duration : null,
      acquireTime: parseTime(acquireTime),
      renewTime: parseTime(renewTime),
      transitions: typeof transitions === "number" ? transitions : 0,
      coordination:
        strategy === undefined ? null : { strategy, preferredHolder: text(spec, "preferredHolder") ?? null },
      markedBy: typeof mark === "string" ? mark : null,
      holdUntil: parseTime(annotations[holdAnnotation]),
      done: parseDone(annotations[doneAnnotation]),
      lastTick: textOf(annotations[tickAnnotation]),
      stepDown: parseStepDown(annotations[stepDownAnnotation]),
    },
  };
}

/**
 * The object to send: the base with the five fields of the record laid over it, so that everything foreign in it survives.
 * managedFields are left out: the API server keeps its own.
 */
export function leaseObject(write: Write, name: string, namespace: string): Json {
  const base: Json = isObject(write.base?.object) ? write.base.object : {};
  const { managedFields, ...metadata } = member(base, "metadata");
  const { markedBy, holdUntil, done, lastTick, stepDown } = write.record;
  const annotations: Record<string, unknown> = { ...member(metadata, "annotations") };
  const annotate = (name: string, value: string | null): void => {
    if (value === null) Reflect.deleteProperty(annotations, name);
    else annotations[name] = value;
  };
  annotate(holderAnnotation, markedBy);
  annotate(holdAnnotation, holdUntil === null ? null : formatMicroTime(holdUntil));
  annotate(doneAnnotation, done === null ? null : formatDone(done));
  annotate(tickAnnotation, lastTick);
  annotate(stepDownAnnotation, stepDown === null ? null : formatStepDown(stepDown));
  const { preferredHolder: before, ...spec } = member(base, "spec");
  return {
    ...base,
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { ...metadata, name, namespace, annotations },
    spec: { ...spec, ...specOf(write.record) },
  };
}

/**
 * A time as Kubernetes' MicroTime: exactly six digits of fraction and `Z`. The API server answers 400 to the three digits
 * of JavaScript's own toISOString().
 */
export function formatMicroTime(time: Millis): string {
  return `${new Date(time).toISOString().slice(0, -1)}000Z`;
}

/** The five fields, never null: a null holder locks out the C# and Rust clients. What the server elects by is there or not. */
function specOf(record: LeaseRecord): Json {
  const { strategy, preferredHolder } = record.coordination ?? {};
  return {
    ...(strategy === undefined ? {} : { strategy }),
    ...(preferredHolder ? { preferredHolder } : {}),
    holderIdentity: record.holder,
    leaseDurationSeconds: record.durationSeconds ?? 1,
    acquireTime: formatMicroTime(record.acquireTime ?? 0),
    renewTime: formatMicroTime(record.renewTime ?? 0),
    leaseTransitions: record.transitions,
  };
}

function parseTime(value: unknown): Millis | null {
  const time = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? null : time;
}

/** Annotations are text; in the file store a hand may have written something else, which is not to get lost. */
function textOf(value: unknown): string | null {
  return value === undefined || typeof value === "string" ? (value ?? null) : JSON.stringify(value);
}
