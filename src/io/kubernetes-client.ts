/** Requests to one API server, as us: credentials, connections, and one more try where that mends the trouble. */
import type { IncomingMessage } from "node:http";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import { sameProof, type Proof, type ProofSource } from "./credentials-proof.ts";
import type { PemReader } from "./credentials-static.ts";
import type { AgentPair, Agents, TlsTexts } from "./https-agents.ts";
import { Attempt } from "./https-attempt.ts";
import { bodyOf, open, StaleConnection, type HttpAnswer, type HttpRequest } from "./https-exchange.ts";
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
  readonly method: HttpRequest["method"];
  /** Below the path of the server's URL. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
  readonly type?: string; // of the body; JSON when absent
}

/** What a request is rejected with that was ended by us. */
export class Closed extends Error {
  override readonly name = "Closed";

  constructor() {
    super("leader-exec ended the request");
  }
}

/** An answer whose body comes over time; `close` may be called at any time and ends it, also before it begins. */
export interface Stream {
  readonly answer: Promise<IncomingMessage>;
  close(): void;
}

interface Identity {
  readonly proof: Proof;
  readonly texts: TlsTexts;
  /** It was fetched anew because another one was refused. */
  readonly renewed: boolean;
}

export class KubernetesClient {
  readonly #parts: ClientParts;
  readonly #attempts = new Set<Attempt>();
  #closed = false;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  /** Fetches the credentials and prepares connections, without a request. Rejects with CredentialTrouble. */
  async prepare(): Promise<void> {
    const { texts } = await this.#identify(undefined);
    this.#parts.agents.for(texts, true);
  }

  /**
   * The answer, whatever its status. The server is told the time left as well, so that it gives up when we do. Rejects
   * when there is no answer: see networkFailure.
   */
  async send(call: Call, deadline: Millis): Promise<HttpAnswer> {
    const attempt = this.#begin(deadline);
    return this.#end(attempt, async () => {
      const timeout = `${Math.max(1, Math.floor(attempt.remaining()))}ms`;
      const timed = { ...call, query: { ...call.query, timeout } };
      const answer = await this.#insist(timed, attempt, "requests");
      return { status: answer.statusCode ?? 0, headers: answer.headers, body: await bodyOf(answer) };
    });
  }

  /** The answer's headers by the deadline, and its body as it comes, over a connection of its own. */
  stream(call: Call, deadline: Millis): Stream {
    const attempt = this.#begin(deadline);
    const answer = this.#end(attempt, () => this.#insist(call, attempt, "watches"));
    return { answer, close: () => attempt.abort(new Closed()) };
  }

  /** Ends everything that is under way; every later request is rejected with Closed. */
  close(): void {
    this.#closed = true;
    for (const attempt of this.#attempts) attempt.abort(new Closed());
    this.#parts.proofs.close();
    this.#parts.agents.close();
  }

  #begin(deadline: Millis): Attempt {
    const attempt = new Attempt(this.#parts.clock, deadline);
    if (this.#closed) attempt.abort(new Closed());
    else this.#attempts.add(attempt);
    return attempt;
  }

  /** Nothing of an attempt goes on after this, except the body of a stream. */
  async #end<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
    try {
      attempt.throwIfOver();
      return await attempt.within(work());
    } catch (error) {
      if (!(error instanceof Closed)) this.#parts.agents.dropIdle();
      throw error;
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
    attempt.throwIfOver();
    const second = await this.#identify(first.proof, refused !== undefined);
    const nothingNew = sameProof(first.proof, second.proof) && first.texts.authority === second.texts.authority;
    if (nothingNew) {
      if (refused) return refused;
      throw trouble;
    }
    refused?.resume();
    return this.#once(call, second, attempt, kind);
  }

  /** `refused`: what did not do. Trouble with TLS says nothing about a token: no plugin is run again for it. */
  async #identify(refused: Proof | undefined, tokenToo = true): Promise<Identity> {
    const { proofs, authority } = this.#parts;
    const again = tokenToo || refused?.certificate !== undefined ? refused : undefined;
    const [proof, ca] = await Promise.all([proofs.get(again), authority(refused !== undefined)]);
    const texts = { authority: ca, certificate: proof.certificate, key: proof.key };
    return { proof, texts, renewed: refused !== undefined };
  }

  /** Once more when a kept connection had died: a write that was applied after all is a conflict the second time. */
  async #once(call: Call, identity: Identity, attempt: Attempt, kind: keyof AgentPair): Promise<IncomingMessage> {
    const { agents } = this.#parts;
    const request = this.#request(call, identity.proof);
    const agent = agents.for(identity.texts, identity.renewed)[kind];
    try {
      return await open(request, agent, attempt);
    } catch (error) {
      if (!(error instanceof StaleConnection)) throw error;
      agents.dropIdle();
      return open(request, agent, attempt);
    }
  }

  #request({ method, path, query, body: object, type = "application/json" }: Call, proof: Proof): HttpRequest {
    const { server, headers } = this.#parts;
    const body = object === undefined ? undefined : JSON.stringify(object);
    const url = new URL(server);
    url.pathname = `${url.pathname.replace(/\/$/, "")}${path}`;
    url.search = new URLSearchParams(query).toString();
    const all: Record<string, string | string[]> = { ...headers, Accept: "application/json" };
    if (proof.authorization !== undefined) all["Authorization"] = proof.authorization;
    if (body !== undefined) {
      all["Content-Type"] = type;
      all["Content-Length"] = String(Buffer.byteLength(body));
    }
    return { method, url, headers: all, body };
  }
}
