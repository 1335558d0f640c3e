/** A small HTTP server for probes: it only reads, and whoever asks too much or too slowly harms nobody but themselves. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** What is answered at which path. */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

export interface ListenAt {
  readonly by: string;
  readonly text: string;
  readonly host: string | undefined;
  readonly port: number;
}

export interface Listener {
  /** Where it really listens: "127.0.0.1:8081". */
  readonly address: string;
  close(): void;
}

export interface Limits {
  /** A connection brings one request, and is cut off after so many milliseconds, whatever it is doing. */
  readonly longest: number;
  /** Each takes a file descriptor, which the election needs too. One more cuts off the oldest, so a probe always gets in. */
  readonly connections: number;
}

const usual: Limits = { longest: 5_000, connections: 500 };
/** Bytes, of request line and headers. */
const longestHead = 8_192;

/**
 * Listens from now on, without keeping the process alive. Where it cannot, a sentence comes back, since a class of errors is not
 * the same in two bundles.
 */
export async function serve(at: ListenAt, routes: Routes, limits = usual): Promise<Listener | string> {
  const server = createServer({ maxHeaderSize: longestHead, keepAlive: false }, (request, response) => {
    answer(routes, request, response).catch(() => response.destroy()); // whatever goes wrong here, the election goes on
  });
  server.maxRequestsPerSocket = 1;
  const open = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    socket.unref();
    open.add(socket);
    const cutOff = setTimeout(() => socket.destroy(), limits.longest).unref();
    socket.once("close", () => {
      clearTimeout(cutOff);
      open.delete(socket);
    });
    const [oldest] = open;
    if (open.size > limits.connections) oldest?.destroy();
  });
  const trouble = await new Promise<string | null>((resolve) => {
    server.once("error", (error) => resolve(sentenceFor(at, error)));
    const host = at.host === undefined ? {} : { host: at.host };
    server.listen({ port: at.port, ...host }, () => resolve(null));
  });
  if (trouble !== null) return trouble;
  // From now on an error is a connection that could not be accepted, and whoever made it will come again.
  server.removeAllListeners("error").on("error", () => undefined);
  server.unref();
  const { address, port, family } = server.address() as AddressInfo;
  return {
    address: family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function answer(routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { status, type, body } = await answerTo(routes, request);
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    connection: "close",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(body);
}

async function answerTo(routes: Routes, { method, url = "/" }: IncomingMessage): Promise<Answer> {
  const path = url.split("?", 1)[0] ?? "/";
  const route = routes[path];
  if (route === undefined) return plain(404, `nothing is answered here; ask for ${Object.keys(routes).join(", ")}`);
  if (method !== "GET" && method !== "HEAD") return plain(405, "this can only be read; use GET or HEAD");
  try {
    return await route();
  } catch (error) {
    return plain(500, `internal error, please report it: ${String(error)}`);
  }
}

function plain(status: number, line: string): Answer {
  return { status, type: "text/plain; charset=utf-8", body: `${line}\n` };
}

function sentenceFor({ by, text }: ListenAt, error: NodeJS.ErrnoException): string {
  const why = reasons[error.code ?? ""] ?? `${error.message}; give another address, or 0 for none`;
  return `cannot listen on ${text} (${by}): ${why}`;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: "something else listens there already; give another address, or 0 for none",
  EACCES: "we have no right to use this port; give one above 1023",
  EADDRNOTAVAIL: "this machine has no such address; give one of its own, or only a port as in :8081",
  ENOTFOUND: "there is no host of this name; give an address of this machine, or only a port as in :8081",
  EAI_AGAIN: "the name of the host cannot be looked up; give an address of this machine, or only a port as in :8081",
};
