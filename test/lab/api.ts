import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";

/** Where an API server is and who asks. PEM texts, not files. */
export interface Endpoint {
  readonly url: string;
  readonly ca: string;
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The fields of a Lease's spec as they are on the wire. */
export interface LeaseSpec {
  holderIdentity?: string | null;
  leaseDurationSeconds?: number | null;
  acquireTime?: string | null;
  renewTime?: string | null;
  leaseTransitions?: number | null;
  strategy?: string | null;
  preferredHolder?: string | null;
}

/** A Kubernetes object, a list or a Status, as far as tests look into it. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: LeaseSpec & Record<string, unknown>;
  status?: unknown;
  items?: KubeObject[];
  /** Of a Status: what went wrong. */
  reason?: string;
  message?: string;
}

/** An answer of the API server, whatever its status. `object` is empty when the text is no JSON object. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly object: KubeObject;
}

/**
 * One request on a connection of its own, without retries. Rejects when there is no complete answer: connection
 * errors, or nothing within `timeoutMs` milliseconds (10 s).
 */
export function call(
  endpoint: Endpoint,
  method: string,
  path: string,
  body?: unknown,
  timeoutMs = 10_000,
): Promise<Answer> {
  const { url, token, ca, cert, key } = endpoint;
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, url), {
      method,
      agent: false,
      ca,
      ...(cert !== undefined && key !== undefined ? { cert, key } : {}),
      headers: {
        Accept: "application/json",
        "User-Agent": "leader-exec-lab",
        ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { "Content-Type": type }),
      },
      signal: AbortSignal.timeout(timeoutMs),
    });
    sent.on("error", reject);
    sent.on("response", (response) => {
      const { statusCode: status = 0, headers } = response;
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ status, headers, text, object: parse(text) }));
    });
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function parse(text: string): KubeObject {
  try {
    return JSON.parse(text) as KubeObject;
  } catch {
    return {}; // plain text like "ok", or the many lines of a watch: the caller has the text
  }
}

/** The path of a Lease, or of all Leases of a namespace. */
export const leasePath = (namespace: string, name?: string): string =>
  `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases${name === undefined ? "" : `/${name}`}`;

/** The path of a LeaseCandidate, or of all of a namespace. */
export const candidatePath = (namespace: string, name?: string): string =>
  `/apis/coordination.k8s.io/v1beta1/namespaces/${namespace}/leasecandidates${name === undefined ? "" : `/${name}`}`;

/** The path of a watch on one Lease. */
export const watchPath = (namespace: string, name: string, more = ""): string =>
  `${leasePath(namespace)}?watch=true&fieldSelector=metadata.name%3D${name}${more}`;
