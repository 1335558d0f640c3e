/** Why no answer came from the API server, in one sentence each: what happened, to what, what to do. */
import type { StoreFailure } from "../core/lease.ts";
import { CredentialTrouble } from "./credentials-proof.ts";
import { TimeOver } from "./https-attempt.ts";
import { bodyLimit, BodyTooLarge } from "./https-exchange.ts";

/** What sentences need to name. */
export interface Place {
  /** The URL without secrets; with "(through the proxy ...)" when there is one. */
  readonly server: string;
  readonly source: string;
  /** Where the credentials come from: "the credential plugin aws". */
  readonly credentials: string;
}

/** Node's and OpenSSL's codes for a certificate that is not believed, and what to do about it. */
const untrusted: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "its certificate has expired; renew it, or set this machine's clock",
  CERT_NOT_YET_VALID: "its certificate is not valid yet; set this machine's clock",
  ERR_TLS_CERT_ALTNAME_INVALID:
    "its certificate is for another name; correct the server URL, or set tls-server-name to a name that the certificate has",
};
const unknownAuthority = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "CERT_SIGNATURE_FAILURE",
  "CERT_UNTRUSTED",
  "INVALID_CA",
]);

const unreachable: Readonly<Record<string, string>> = {
  ECONNREFUSED: "the connection was refused; check that it is running and that the server URL is right",
  ECONNRESET: "the connection was broken off; check what stands between here and the server",
  EPIPE: "the connection was broken off; check what stands between here and the server",
  ENOTFOUND: "its name is not known; check the server URL and name resolution (DNS)",
  EAI_AGAIN: "its name cannot be looked up at the moment; check name resolution (DNS)",
  ETIMEDOUT: "nothing answers there; check the network and its firewalls (NetworkPolicy)",
  EHOSTUNREACH: "there is no way to that host; check the network",
  ENETUNREACH: "there is no way to that network; check the network",
};

/** The code of errors that a tunnel makes: the proxy did not connect us. Their message is a clause. */
export const proxyTrouble = "PROXY_TROUBLE";

/** True for failures that a newer authority or client certificate could mend. */
export function isTlsTrouble(error: unknown): boolean {
  const code = codeOf(error);
  return code in untrusted || unknownAuthority.has(code) || /^ERR_(SSL|TLS|OSSL)_|^EPROTO$/.test(code);
}

/** What to tell of an error that a request rejected with. */
export function networkFailure(error: unknown, place: Place): StoreFailure {
  const { server, source } = place;
  const api = `the API server ${server}`;
  if (error instanceof CredentialTrouble) return failure("credentials", error.message);
  if (error instanceof TimeOver) return timeOver(error, place);
  if (error instanceof BodyTooLarge)
    return failure(
      "unexpected",
      `${api} answered with more than ${bodyLimit / 1024 / 1024} MiB, which is no Lease; check the server URL (from ${source})`,
    );
  const code = codeOf(error);
  if (code === "ERR_INVALID_CHAR")
    return failure(
      "credentials",
      `the token or user name from ${source} has characters that no HTTP header can have (a line break, for example); correct it`,
    );
  const because = code === proxyTrouble ? `${saidBy(error)}; check the proxy` : unreachable[code];
  if (because !== undefined)
    return failure("unreachable", `cannot reach ${api}: ${because} (${code}; URL from ${source})`);
  if (unknownAuthority.has(code))
    return failure(
      "tls",
      `cannot trust ${api}: its certificate is not signed by an authority known here (${code}); correct certificate-authority (from ${source})`,
    );
  const why = untrusted[code];
  if (why !== undefined) return failure("tls", `cannot trust ${api}: ${why} (${code}; from ${source})`);
  const message = saidBy(error);
  if (isTlsTrouble(error))
    return failure(
      "tls",
      `no TLS connection with ${api}: ${message} (${code}); check that the URL's scheme and port are right, and the client certificate (from ${source})`,
    );
  return failure(
    "unexpected",
    `cannot talk with ${api}: ${message}${code && ` (${code})`}; check the server URL (from ${source})`,
  );
}

export function failure(reason: StoreFailure["reason"], message: string): StoreFailure {
  return { kind: "failed", reason, message };
}

/** OpenSSL's errors have a `reason` ("wrong version number") and a message full of addresses. */
function saidBy(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { reason } = error as { reason?: unknown };
  return typeof reason === "string" ? reason : (error.message.split("\n", 1)[0] ?? "");
}

/** A connection to several addresses fails with all their errors: the first is as good as any. */
function codeOf(error: unknown): string {
  if (error instanceof AggregateError && !("code" in error)) return codeOf(error.errors[0]);
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  return typeof code === "string" ? code : "";
}

function timeOver({ stage, limit }: TimeOver, { server, credentials }: Place): StoreFailure {
  const span = `${Math.round(limit / 100) / 10} s`;
  switch (stage) {
    case "credentials":
      return failure("credentials", `${credentials} did not answer within ${span}; it is still being waited for`);
    case "connection":
      return failure(
        "timeout",
        `no connection with the API server ${server} within ${span}; check the network, its firewalls and name resolution`,
      );
    case "answer":
      return failure("timeout", `the API server ${server} did not answer within ${span}; see whether it is overloaded`);
  }
}
