/** Our connections to one API server: one agent that keeps them for requests, one for watches. */
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent, type AgentOptions } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity, createSecureContext, type ConnectionOptions } from "node:tls";
import type { Millis } from "../core/types.ts";
import { CredentialTrouble } from "./credentials-proof.ts";
import { sharedLookup } from "./https-lookup.ts";

/**
 * When nothing was heard for so long, the kernel begins to ask whether the other side is still there, once a second; ten
 * unanswered times (libuv's numbers) end the connection. So a black hole is noticed after 15 s.
 */
export const probeAfter: Millis = 5_000;

/** A server may have several addresses. Node's 250 ms for each would never reach one that is far away. */
const addressTime: Millis = 1_000;

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

/** Makes an agent whose connections go through a proxy, to a server that speaks TLS (`secure`) or not. */
export type Tunnel = (options: AgentOptions, secure: boolean) => HttpAgent;

export interface AgentPair {
  readonly requests: HttpAgent;
  readonly watches: HttpAgent;
}

export class Agents {
  readonly #settings: AgentSettings;
  readonly #lookup = sharedLookup();
  #texts: TlsTexts | undefined;
  #pair: AgentPair | undefined;

  constructor(settings: AgentSettings) {
    this.#settings = settings;
  }

  /**
   * New agents when the texts differ from the last ones. Texts that cannot be used (of certificate and key only one is
   * replaced so far) change nothing while there are older ones, unless `mustChange`: those were refused. Throws
   * CredentialTrouble when there is nothing that can be used.
   */
  for(texts: TlsTexts, mustChange: boolean): AgentPair {
    const old = this.#texts;
    const same = old?.authority === texts.authority && old?.certificate === texts.certificate && old?.key === texts.key;
    if (this.#pair && same) return this.#pair;
    const options = this.#options(texts);
    if (options instanceof CredentialTrouble) {
      if (this.#pair && !mustChange) return this.#pair;
      throw options;
    }
    if (this.#pair) retire(this.#pair.requests);
    this.#pair = { requests: this.#agent({ ...options, keepAlive: true }), watches: this.#agent(options) };
    this.#texts = texts;
    return this.#pair;
  }

  /** Closes the connections that wait for the next request: the network is in trouble, and they may be dead as well. */
  dropIdle(): void {
    if (this.#pair) dropIdle(this.#pair.requests);
  }

  close(): void {
    this.#pair?.requests.destroy();
    this.#pair?.watches.destroy();
    this.#pair = undefined;
  }

  #agent(options: AgentOptions): HttpAgent {
    const { tunnel, server } = this.#settings;
    const secure = server.protocol === "https:";
    if (tunnel) return tunnel(options, secure);
    return secure ? new HttpsAgent(options) : new HttpAgent(options);
  }

  #options({ authority, certificate, key }: TlsTexts): AgentOptions | CredentialTrouble {
    const { insecure, serverName, server } = this.#settings;
    const common = {
      keepAliveMsecs: probeAfter,
      noDelay: true,
      autoSelectFamilyAttemptTimeout: addressTime,
      lookup: this.#lookup,
    };
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
        ...nameOptions(serverName),
      };
    } catch (error) {
      return new CredentialTrouble(
        `the certificates of the Kubernetes configuration cannot be used: ${error instanceof Error ? error.message : String(error)}; ` +
          "check certificate-authority, client-certificate and client-key (PEM)",
      );
    }
  }
}

/** An address must not be sent as a server name (RFC 6066), but a certificate can be for one. */
function nameOptions(name: string | undefined): AgentOptions {
  if (name === undefined) return {};
  if (isIP(name) === 0) return { servername: name };
  return { servername: "", checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate) };
}

function dropIdle(agent: HttpAgent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}

/** Lets what is running end, and keeps no connection: those were opened with what is no longer true. */
function retire(agent: HttpAgent): void {
  agent.maxFreeSockets = 0;
  dropIdle(agent);
}
