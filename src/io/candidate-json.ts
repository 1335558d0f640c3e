/** A LeaseCandidate as JSON: coordination.k8s.io/v1beta1 and v1alpha2, which have the same fields. */
import type { Micros, Profile, Rival, StoredCandidate } from "../core/candidacy-types.ts";
import { list, member, text, type Json } from "./json.ts";

/** Reads a LeaseCandidate; null when it is not one. */
export function parseCandidate(object: unknown): StoredCandidate | null {
  const version = text(member(object, "metadata"), "resourceVersion");
  const spec = member(object, "spec");
  if (version === undefined || text(spec, "leaseName") === undefined) return null;
  return { version, pingTime: parseMicros(spec["pingTime"]), renewTime: parseMicros(spec["renewTime"]), object };
}

/** Those of a list that want this Lease. */
export function rivalsIn(object: unknown, lease: string): Rival[] {
  return list(object, "items").flatMap((item) => {
    const spec = member(item, "spec");
    const identity = text(member(item, "metadata"), "name");
    if (identity === undefined || text(spec, "leaseName") !== lease) return [];
    return [{ identity, binaryVersion: text(spec, "binaryVersion") ?? "", strategy: text(spec, "strategy") ?? "" }];
  });
}

/** The object to send, laid over the one that is known. */
export function candidateObject(
  { identity, lease, binaryVersion, emulationVersion, strategy }: Profile,
  api: string,
  namespace: string,
  base: StoredCandidate | null,
  renewTime: Micros,
): Json {
  const { managedFields, ...metadata } = member(base?.object, "metadata");
  const ours = { leaseName: lease, binaryVersion, emulationVersion, strategy, renewTime: formatMicros(renewTime) };
  return {
    apiVersion: `coordination.k8s.io/${api}`,
    kind: "LeaseCandidate",
    metadata: { ...metadata, name: identity, namespace },
    spec: { ...member(base?.object, "spec"), ...ours },
  };
}

/** Microseconds since 1970; what has more digits is cut, what is no time is none. */
export function parseMicros(value: unknown): Micros | null {
  const [, seconds, fraction = "", zone] =
    /^(.+:\d\d)(?:\.(\d+))?(Z|[-+]\d\d:\d\d)$/.exec(typeof value === "string" ? value : "") ?? [];
  const whole = seconds === undefined || zone === undefined ? NaN : Date.parse(`${seconds}${zone}`);
  return Number.isNaN(whole) ? null : whole * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
}

/** As Kubernetes' MicroTime: six digits of fraction and `Z`. */
export function formatMicros(time: Micros): string {
  const whole = Math.floor(time / 1e6);
  return `${new Date(whole * 1000).toISOString().slice(0, 19)}.${String(time - whole * 1e6).padStart(6, "0")}Z`;
}
