/** Our connections to one API server: one agent that keeps them for requests, one for watches. */
import { Agent as HttpAgent } from "node:http";
import { dropIdle } from "./https-exchange.ts";
import { Agent as HttpsAgent, type AgentOptions } from "node:https";
import { createSecureContext, type ConnectionOptions } from "node:tls";
import type { Millis } from "../core/types.ts";
import { CredentialTrouble } from "./credentials-proof.ts";

/**
 * When nothing was heard for so long, the kernel begins to ask whether the other side is still there, once a second; ten
 * unanswered times (libuv's numbers) end the connection. So a black hole is noticed after 15 s.
 */
export const probeAfter: Millis = 5_000;

/** PEM texts. */
export interface TlsTexts {
  readonly authority: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

export interface AgentSettings {
  readonly server: URL;
  readonly insecure: boolean;
  readonly serverName: string | undefined;
  /** Makes the TCP connection through a proxy; undefined: straight. */
  readonly tunnel: Tunnel | undefined;
}

/** Makes an agent whose connections go through a proxy. */
export type Tunnel = (options: AgentOptions) => HttpAgent;

export interface AgentPair {
  readonly requests: HttpAgent;
  readonly watches: HttpAgent;
}

export class Agents {
  readonly #settings: AgentSettings;
  #texts: TlsTexts | undefined;
  #pair: AgentPair | undefined;

  constructor(settings: AgentSettings) {
    this.#settings = settings;
  }

  /** New agents when the texts differ from the last ones. Throws CredentialTrouble when they are no PEM. */
  for(texts: TlsTexts): AgentPair {
    const old = this.#texts;
    const same = old?.authority === texts.authority && old?.certificate === texts.certificate && old?.key === texts.key;
    if (this.#pair && same) return this.#pair;
    const options = this.#options(texts);
    if (this.#pair) retire(this.#pair.requests);
    this.#pair = { requests: this.#agent({ ...options, keepAlive: true }), watches: this.#agent(options) };
    this.#texts = texts;
    return this.#pair;
  }

  close(): void {
    this.#pair?.requests.destroy();
    this.#pair?.watches.destroy();
    this.#pair = undefined;
  }

  #agent(options: AgentOptions): HttpAgent {
    if (this.#settings.tunnel) return this.#settings.tunnel(options);
    return this.#settings.server.protocol === "http:" ? new HttpAgent(options) : new HttpsAgent(options);
  }

  #options({ authority, certificate, key }: TlsTexts): AgentOptions {
    const { insecure, serverName, server } = this.#settings;
    const common = { keepAliveMsecs: probeAfter, noDelay: true };
    if (server.protocol === "http:") return common;
    try {
      const secureContext: ConnectionOptions = {
        secureContext: createSecureContext({
          ...(authority === undefined ? {} : { ca: authority }),
          ...(certificate === undefined ? {} : { cert: certificate }),
          ...(key === undefined ? {} : { key }),
        }),
      };
      return {
        ...common,
        ...secureContext,
        rejectUnauthorized: !insecure,
        ...(serverName === undefined ? {} : { servername: serverName }),
      };
    } catch (error) {
      throw new CredentialTrouble(
        `the certificates of the Kubernetes configuration cannot be used: ${error instanceof Error ? error.message : String(error)}; ` +
          "check certificate-authority, client-certificate and client-key (PEM)",
      );
    }
  }
}

/** Lets what is running end, and keeps no connection: those were opened with what is no longer true. */
function retire(agent: HttpAgent): void {
  agent.maxFreeSockets = 0;
  dropIdle(agent);
}
