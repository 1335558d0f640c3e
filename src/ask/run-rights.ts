/** What a run with these flags must be allowed. */
import { flags } from "../flags.ts";
import type { Options } from "../options.ts";
import type { Settings } from "../settings.ts";
import { rightsFor, type Extras, type Right } from "./rights.ts";

/** Nothing without a cluster. */
export function rightsOfRun(options: Options): Right[] {
  const { election, store, leaseName } = options;
  return election && store.kind === "kubernetes"
    ? rightsFor({ leaseName, purpose: "run", extras: extrasOf(options) })
    : [];
}

/** What a run with these flags does beside electing. */
export function extrasOf({ announce, coordinated }: Options): Extras {
  return { events: announce.events, podLabel: announce.podLabel !== null, coordinated: coordinated !== null };
}

/** The flags among those given that decide on the rights, as they are typed. */
export function rightsFlags(settings: Settings): string[] {
  return flags.flatMap(({ name, value }) => {
    const given = deciding.includes(name) ? settings.get(name) : undefined;
    if (given === undefined) return [];
    return value === null ? [`--${name}=${given.text}`] : [`--${name}`, given.text];
  });
}

const deciding = ["lease-name", "events", "label-pod", "coordinated", "candidate-version"];
