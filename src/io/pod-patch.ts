/** The two requests of a label on our own pod. */
import type { Millis } from "../core/types.ts";
import { asideTrouble, type AsideTrouble } from "./aside-trouble.ts";
import type { Aside } from "./kubernetes-aside.ts";
import type { Call } from "./kubernetes-client.ts";
import type { OwnPod } from "./own-pod.ts";

export interface Label {
  readonly key: string;
  readonly value: string;
}

/** The server is told, too: what took longer is not done later, behind our back. */
const oneRequest: Millis = 2_000;
const rule = '{apiGroups: [""], resources: ["pods"], verbs: ["patch"]}';

/** Puts the label there or takes it away. Null: it is done, or it was so before. */
export async function patchLabel(aside: Aside, pod: OwnPod, label: Label, on: boolean): Promise<AsideTrouble | null> {
  const { namespace, name } = pod;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}`;
  const call: Call = { method: "PATCH", path, ...(on ? addition(label) : removal(label)) };
  const answer = await aside.send(call, oneRequest);
  const trouble = asideTrouble(answer, { what: "patch pods", namespace, rule });
  if (trouble?.status === 422 && !on) return null; // the test has failed
  if (trouble?.status !== 404) return trouble;
  const server = "server" in answer ? answer.server : "";
  const help = "set POD_NAME and POD_NAMESPACE by the downward API (metadata.name, metadata.namespace)";
  return { ...trouble, message: `there is no such pod on ${server}; ${help}, or leave --label-pod out` };
}

/** RFC 7396. */
function addition({ key, value }: Label): Pick<Call, "type" | "body"> {
  return { type: "application/merge-patch+json", body: { metadata: { labels: { [key]: value } } } };
}

/** RFC 6902. Only with our own value: another one is somebody else's, and stays. */
function removal({ key, value }: Label): Pick<Call, "type" | "body"> {
  const path = `/metadata/labels/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const body = [
    { op: "test", path, value },
    { op: "remove", path },
  ];
  return { type: "application/json-patch+json", body };
}
