/** What an answer of the API server means when it is not a Lease, in one sentence each. */
import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import { isObject, list, member, text, type Json } from "./json.ts";
import { failure, type Place } from "./kubernetes-network-trouble.ts";

export type Verb = "get" | "create" | "update" | "watch";

/** Of a candidate, on a Lease that is there. */
export const candidateNeeds: readonly Verb[] = ["get", "update", "watch"];

/** What was asked, and where. */
export interface Asked extends Place {
  readonly verb: Verb;
  /** What whoever asks has to be allowed on the Lease, all in all. */
  readonly needs: readonly Verb[];
  readonly namespace: string;
  readonly lease: string;
}

/** The object in the body; undefined when there is none (HTML, garbage, nothing). */
export function parseBody(body: string): Json | undefined {
  try {
    const object: unknown = JSON.parse(body);
    return isObject(object) ? object : undefined;
  } catch {
    return undefined; // the sentence quotes the body
  }
}

/** True when it is this Lease that is not there, as opposed to its namespace, the API, or the whole server. */
export function isLeaseMissing(status: Json | undefined): boolean {
  return text(status, "reason") === "NotFound" && text(member(status, "details"), "kind") === "leases";
}

/** `wall`: the time of day, for a Retry-After that is a date. */
export function statusFailure(answer: HttpAnswer, asked: Asked, wall: Millis): StoreFailure {
  const { verb, namespace, lease, server, source } = asked;
  const status = parseBody(answer.body);
  const said = quoted(text(status, "message") ?? answer.body);
  const what = `${verb} of the Lease ${namespace}/${lease}`;
  const code = answer.status;
  const redirect = answer.headers.location;

  if (code >= 300 && code < 400)
    return failure(
      "unexpected",
      `${server} does not answer itself but redirects to ${redirect ?? "nowhere"} (HTTP ${code}), which is not followed; correct the server URL (from ${source})`,
    );
  if (code === 401)
    return failure(
      "unauthorized",
      `the API server ${server} does not accept our credentials (HTTP 401): they are wrong, or have expired; renew them (from ${source})`,
    );
  if (code === 403 && !/cannot \w+ path/.test(said)) return forbidden(status, asked, said);
  if (code === 404 && text(member(status, "details"), "kind") === "namespaces")
    return failure(
      "namespace-missing",
      `the namespace "${namespace}" does not exist on ${server}; create it, or choose another one with -n`,
    );
  if (code === 429)
    return later(
      failure(
        "throttled",
        `the API server ${server} is overloaded and turned down the ${what} (HTTP 429)${said}; it will be tried again`,
      ),
      answer,
      status,
      wall,
    );
  if (code >= 500)
    return later(
      failure(
        "server-error",
        `the API server ${server} failed at the ${what} (HTTP ${code})${said}; see its log if this goes on`,
      ),
      answer,
      status,
      wall,
    );
  if (code === 403 || code === 404 || status === undefined)
    return failure(
      "unexpected",
      `${server} does not answer like a Kubernetes API server with coordination.k8s.io/v1 (HTTP ${code})${said}; correct the server URL (from ${source})`,
    );
  return failure(
    "unexpected",
    `the API server ${server} turned down the ${what} (HTTP ${code})${said}; please report this`,
  );
}

function forbidden(
  status: Json | undefined,
  { verb, needs, namespace, lease, server, source }: Asked,
  said: string,
): StoreFailure {
  const message = text(status, "message") ?? "";
  const causes = list(member(status, "details"), "causes");
  if (causes.some((cause) => text(cause, "reason") === "NamespaceTerminating"))
    return failure(
      "namespace-missing",
      `the namespace "${namespace}" on ${server} is being deleted; choose another one with -n`,
    );
  if (status !== undefined && !/cannot \w+ resource/.test(message))
    return failure(
      "forbidden",
      `the API server ${server} does not allow to ${verb} the Lease ${namespace}/${lease} (HTTP 403)${said}; ask who set that rule`,
    );
  const user = /User "([^"]+)"/.exec(message)?.[1];
  if (user === "system:anonymous")
    return failure(
      "unauthorized",
      `the API server ${server} takes us for nobody (system:anonymous, HTTP 403): ${source} has no credentials for it; add a token, a client certificate or an exec plugin to its user`,
    );
  const names = verb === "create" ? "" : `, resourceNames: ["${lease}"]`;
  const verbs = (verb === "create" ? [verb] : needs).map((each) => `"${each}"`).join(", ");
  return failure(
    "forbidden",
    `${user === undefined ? "we are" : `the user "${user}" is`} not allowed to ${verb} the Lease ${namespace}/${lease} on ${server} (HTTP 403); ` +
      `add this rule to a Role in the namespace "${namespace}" and bind it to that user: ` +
      `{apiGroups: ["coordination.k8s.io"], resources: ["leases"]${names}, verbs: [${verbs}]}`,
  );
}

function later(failed: StoreFailure, answer: HttpAnswer, status: Json | undefined, wall: Millis): StoreFailure {
  const header = answer.headers["retry-after"] ?? "";
  const seconds = /^\d+$/.test(header) ? Number(header) : member(status, "details")["retryAfterSeconds"];
  if (typeof seconds === "number") return { ...failed, retryAfter: seconds * 1000 };
  const theirs = serverTimeOf(answer).serverTime; // their clock and ours may differ
  const date = Date.parse(header) - (theirs ?? wall);
  return Number.isNaN(date) ? failed : { ...failed, retryAfter: Math.max(0, date) };
}

/** The server's clock, from the `Date` of its answer: cut to whole seconds, so at most a second earlier. */
export function serverTimeOf({ headers }: HttpAnswer): { readonly serverTime?: Millis } {
  const serverTime = Date.parse(headers.date ?? "");
  return Number.isNaN(serverTime) ? {} : { serverTime };
}

/** What the server said, on one line, bounded. */
function quoted(message: string): string {
  const line = message.replace(/[\s\p{Cc}]+/gu, " ").trim();
  if (line === "") return "";
  return `, saying "${line.length > 300 ? `${line.slice(0, 300)}...` : line}"`;
}
