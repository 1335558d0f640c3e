/**
 * Connections through a proxy: HTTP CONNECT (RFC 9110, section 9.3.6) of our own, because an attempt that is over must end
 * the dialogue with the proxy too; SOCKS by the only importer of socks-proxy-agent.
 */
import { Agent as HttpAgent, request as httpRequest, type AgentOptions as HttpAgentOptions } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest, type AgentOptions } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { SocksProxyAgent } from "socks-proxy-agent";
import type { Millis } from "../core/types.ts";
import type { Tunnel } from "./https-agents.ts";
import type { TunnelOptions } from "./https-exchange.ts";
import { proxyTrouble } from "./kubernetes-network-trouble.ts";

/** A dialogue with a SOCKS proxy cannot be ended from outside, so it is kept short. */
const socksTime: Millis = 10_000;

/** `proxy`: http:, https:, socks5: or socks5h:, with user name and password when it wants them. */
export function tunnelThrough(proxy: URL): Tunnel {
  if (proxy.protocol.startsWith("socks")) {
    // The proxy looks names up itself, as in client-go, whichever of the two it is.
    const url = proxy.href.replace(/^socks5:/, "socks5h:");
    return (options) => new SocksProxyAgent(url, { ...options, timeout: socksTime });
  }
  return (options, secure) => (secure ? new SecureTunnel(proxy, options) : new PlainTunnel(proxy, options));
}

type Target = AgentOptions & TunnelOptions & { readonly host?: string | undefined; readonly port?: number | string };
type Connected = (error: Error | null, socket: Duplex) => void;

class SecureTunnel extends HttpsAgent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(target: Target, connected?: Connected): undefined {
    connect(this.#proxy, target, (error, socket) => {
      if (error) connected?.(error, socket);
      else connected?.(null, super.createConnection({ ...target, socket } as object) as Duplex);
    });
  }
}

class PlainTunnel extends HttpAgent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: HttpAgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(target: Target, connected?: Connected): undefined {
    connect(this.#proxy, target, (error, socket) => connected?.(error, socket));
  }
}

function connect(proxy: URL, target: Target, connected: Connected): void {
  const secure = proxy.protocol === "https:";
  const host = target.host ?? "localhost";
  const authority = `${host.includes(":") ? `[${host}]` : host}:${target.port ?? 443}`;
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const request = (secure ? httpsRequest : httpRequest)({
    method: "CONNECT",
    host: proxy.hostname.replace(/^\[|\]$/g, ""),
    port: proxy.port || (secure ? 443 : 80),
    path: authority,
    agent: false,
    headers: {
      Host: authority,
      ...(login === ":" ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(login).toString("base64")}` }),
    },
    ...(target.attempt ? { signal: target.attempt } : {}),
    ...(target.lookup ? { lookup: target.lookup } : {}),
  });
  const failed = (why: string): void => connected(trouble(why), undefined as unknown as Duplex);
  request.on("connect", ({ statusCode = 0, statusMessage = "" }, socket: Socket) => {
    if (statusCode >= 200 && statusCode < 300) {
      connected(null, socket);
      return;
    }
    socket.destroy();
    failed(`the proxy turned the connection down (HTTP ${statusCode} ${statusMessage})`);
  });
  request.on("error", (error: NodeJS.ErrnoException) => {
    failed(`no connection with the proxy: ${error.message.split("\n", 1)[0] ?? ""}`);
  });
  request.end();
}

function trouble(message: string): Error {
  return Object.assign(new Error(message), { code: proxyTrouble });
}
