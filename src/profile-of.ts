/** From the options to what the server is told of a candidate. */
import type { Profile } from "./core/candidacy-types.ts";
import { offsetLimit } from "./core/server-taker.ts";
import type { CoordinatedOptions, Options } from "./options.ts";

export function profileOf(
  { mode, ...versions }: CoordinatedOptions,
  { leaseName: lease, timing }: Options,
  identity: string,
): Profile {
  return { ...versions, mode, identity, lease, offsetLimit: offsetLimit(timing) };
}

/** The name of an object: the API server takes no other characters (IsConfigMapKey), and no two dots at the beginning. */
export function asObjectName(identity: string): string {
  return identity.replace(/[^-._a-zA-Z0-9]/g, "-").replace(/^\.+/, "-");
}
