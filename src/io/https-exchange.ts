/** One HTTP request and its answer, over an agent of ours. */
import { request as httpRequest, type Agent, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { Attempt } from "./https-attempt.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** No Lease is this large: etcd takes 1.5 MiB at most. */
export const bodyLimit = 3 * 1024 * 1024;

export class BodyTooLarge extends Error {
  override readonly name = "BodyTooLarge";
}

/**
 * Resolves when the answer's headers are there; its body is not read yet. When a kept connection turns out to have died
 * while nobody used it, the request is sent once more over a new one: not even a byte of an answer had come, and a write
 * that was applied after all is a conflict the second time.
 */
export async function open(request: HttpRequest, agent: Agent, attempt: Attempt): Promise<IncomingMessage> {
  try {
    return await attempt.within(send(request, agent, attempt));
  } catch (error) {
    if (!(error instanceof StaleConnection) || attempt.signal.aborted) throw error;
    dropIdle(agent);
    return await attempt.within(send(request, agent, attempt));
  }
}

/** The rest of an answer as text. */
export async function bodyOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) throw new BodyTooLarge(); // leaving the loop destroys the socket
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

class StaleConnection extends Error {
  override readonly name = "StaleConnection";
  readonly code: string | undefined;

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.code = cause.code;
  }
}

function send({ method, url, headers, body }: HttpRequest, agent: Agent, attempt: Attempt): Promise<IncomingMessage> {
  const start = url.protocol === "http:" ? httpRequest : httpsRequest;
  const { signal } = attempt;
  attempt.stage = "connection";
  return new Promise((resolve, reject) => {
    const sent = start(url, { method, headers: { ...headers }, agent, signal });
    let socket: Socket | undefined;
    let bytesBefore = 0;
    sent.on("socket", (assigned) => {
      socket = assigned;
      bytesBefore = assigned.bytesRead;
      if (sent.reusedSocket) attempt.stage = "answer";
      else assigned.once(url.protocol === "http:" ? "connect" : "secureConnect", () => (attempt.stage = "answer"));
    });
    sent.on("response", resolve);
    sent.on("error", (error: NodeJS.ErrnoException) => {
      const died = error.code === "ECONNRESET" || error.code === "EPIPE";
      const silent = socket?.bytesRead === bytesBefore;
      reject(sent.reusedSocket && died && silent ? new StaleConnection(error) : error);
    });
    sent.end(body);
  });
}

/** Closes the connections that wait for the next request. */
export function dropIdle(agent: Agent): void {
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
}
