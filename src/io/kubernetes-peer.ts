/** What a bundle of its own needs of a connection to an API server: plain functions, since a class is another one in each bundle. */
import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Watch } from "../world.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import type { Call } from "./kubernetes-client.ts";
import type { Place } from "./kubernetes-network-trouble.ts";
import type { ObjectListener } from "./kubernetes-watch.ts";

export interface KubernetesPeer {
  readonly namespace: string;
  readonly place: Place;
  /** The answer, whatever its status; never rejects. */
  ask(call: Call, deadline: Millis): Promise<HttpAnswer | StoreFailure>;
  watch(path: string, name: string, since: string | null, listener: ObjectListener): Watch;
}
