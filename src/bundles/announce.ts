/** Events and the pod's label, bundled apart: most runs tell nobody. */
import { Announcements, type AnnounceSettings } from "../announcer.ts";
import { ownPod } from "../io/own-pod.ts";

export function newAnnouncer(settings: Omit<AnnounceSettings, "pod">): Announcements {
  return new Announcements({ ...settings, pod: ownPod(process.env) });
}
