/** One HTTP request and its answer, over an agent of ours. */
import {
  request as httpRequest,
  type Agent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";
import type { Attempt } from "./https-attempt.ts";

export interface HttpRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: string | undefined;
}

/** What an agent learns of a request, beside Node's own options: Node keeps `signal` from it. */
export interface TunnelOptions {
  /** Ends what the agent does for the request before there is a connection. */
  readonly attempt?: AbortSignal;
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

/** A kept connection turned out to have died while nobody used it: not even a byte of an answer had come. */
export class StaleConnection extends Error {
  override readonly name = "StaleConnection";
  readonly code: string | undefined;

  constructor(cause: NodeJS.ErrnoException) {
    super(cause.message, { cause });
    this.code = cause.code;
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

/**
 * Resolves when the answer's headers are there; its body is not read yet. Rejects with StaleConnection, with the attempt's
 * reason when that is over (then nothing is sent), or with Node's error.
 */
export async function open(
  { method, url, headers, body }: HttpRequest,
  agent: Agent,
  attempt: Attempt,
): Promise<IncomingMessage> {
  const { signal } = attempt;
  attempt.throwIfOver();
  const start = url.protocol === "http:" ? httpRequest : httpsRequest;
  attempt.stage = "connection";
  return new Promise((resolve, reject) => {
    const options: RequestOptions & TunnelOptions = { method, headers: { ...headers }, agent, signal, attempt: signal };
    const sent = start(url, options);
    let socket: Socket | undefined;
    let bytesBefore = 0;
    sent.on("socket", (assigned) => {
      socket = assigned;
      bytesBefore = assigned.bytesRead;
      const plain = url.protocol === "http:";
      if (sent.reusedSocket || (plain && !assigned.connecting)) attempt.stage = "answer";
      else assigned.once(plain ? "connect" : "secureConnect", () => (attempt.stage = "answer"));
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
