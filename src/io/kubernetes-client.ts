/** Requests to one API server, as us: credentials, connections, and one more try when a credential was just replaced. */
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import { sameProof, type Proof, type ProofSource } from "./credentials-proof.ts";
import type { PemReader } from "./credentials-static.ts";
import type { AgentPair, Agents, TlsTexts } from "./https-agents.ts";
import { Attempt } from "./https-attempt.ts";
import { bodyOf, open, type HttpAnswer } from "./https-exchange.ts";
import { isTlsTrouble } from "./kubernetes-network-trouble.ts";

export interface ClientParts {
  readonly server: URL;
  readonly clock: Clock;
  readonly proofs: ProofSource;
  readonly authority: PemReader;
  readonly agents: Agents;
  /** Sent with each request. */
  readonly headers: Readonly<Record<string, string | string[]>>;
}

export interface Call {
  readonly method: "GET" | "POST" | "PUT";
  /** Below the path of the server's URL. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** What a request is rejected with that close() ended. */
export class Closed extends Error {
  override readonly name = "Closed";
}

interface Identity {
  readonly proof: Proof;
  readonly texts: TlsTexts;
}

export class KubernetesClient {
  readonly #parts: ClientParts;
  readonly #attempts = new Set<Attempt>();

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /**
   * The answer, whatever its status. The server is told the time left as well, so that it gives up when we do. Rejects
   * when there is no answer: see networkFailure.
   */
  send(call: Call, deadline: Millis): Promise<HttpAnswer> {
    return this.#during(deadline, async (attempt) => {
      const timeout = `${Math.max(1, Math.floor(attempt.remaining()))}ms`;
      const timed = { ...call, query: { ...call.query, timeout } };
      const answer = await this.#insist(timed, attempt, "requests");
      return { ...head(answer), body: await bodyOf(answer) };
    });
  }

  /** The answer's headers by the deadline, and its body as it comes, over a connection of its own. */
  stream(call: Call, deadline: Millis): Promise<IncomingMessage> {
    return this.#during(deadline, (attempt) => this.#insist(call, attempt, "watches"));
  }

  /** Ends everything that is under way. */
  close(): void {
    for (const attempt of this.#attempts) attempt.abort(new Closed());
    this.#parts.proofs.close();
    this.#parts.agents.close();
  }

  async #during<T>(deadline: Millis, work: (attempt: Attempt) => Promise<T>): Promise<T> {
    const attempt = new Attempt(this.#parts.clock, deadline);
    this.#attempts.add(attempt);
    try {
      return await attempt.within(work(attempt));
    } finally {
      attempt.end();
      this.#attempts.delete(attempt);
    }
  }

  /** Once more at once when the server (or we) refused, if looking at the sources again brings something new. */
  async #insist(call: Call, attempt: Attempt, kind: keyof AgentPair): Promise<IncomingMessage> {
    const first = await this.#identify(undefined);
    let refused: IncomingMessage | undefined;
    let trouble: unknown;
    try {
      const answer = await this.#once(call, first, attempt, kind);
      if (answer.statusCode !== 401) return answer;
      refused = answer;
    } catch (error) {
      if (!isTlsTrouble(error)) throw error;
      trouble = error;
    }
    attempt.stage = "credentials";
    const second = await this.#identify(first.proof);
    const nothingNew = sameProof(first.proof, second.proof) && first.texts.authority === second.texts.authority;
    if (nothingNew) {
      if (refused) return refused;
      throw trouble;
    }
    refused?.resume();
    return this.#once(call, second, attempt, kind);
  }

  async #identify(refused: Proof | undefined): Promise<Identity> {
    const { proofs, authority } = this.#parts;
    const [proof, ca] = await Promise.all([proofs.get(refused), authority(refused !== undefined)]);
    return { proof, texts: { authority: ca, certificate: proof.certificate, key: proof.key } };
  }

  #once(call: Call, { proof, texts }: Identity, attempt: Attempt, kind: keyof AgentPair): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const url = new URL(this.#parts.server);
    url.pathname = `${url.pathname.replace(/\/$/, "")}${call.path}`;
    url.search = new URLSearchParams(call.query).toString();
    const headers = {
      ...this.#parts.headers,
      Accept: "application/json",
      ...(proof.authorization === undefined ? {} : { Authorization: proof.authorization }),
      ...(body === undefined
        ? {}
        : { "Content-Type": "application/json", "Content-Length": String(Buffer.byteLength(body)) }),
    };
    return open({ method: call.method, url, headers, body }, this.#parts.agents.for(texts)[kind], attempt);
  }
}

function head(answer: IncomingMessage): { status: number; headers: IncomingHttpHeaders } {
  return { status: answer.statusCode ?? 0, headers: answer.headers };
}
