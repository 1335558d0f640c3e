import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { Lab } from "../lab/index.ts";

/** Answers a request in the server's place; false: the server is asked after all. */
export type Answering = (asked: IncomingMessage, answer: ServerResponse) => boolean;

/** An HTTP server between candidates and the lab, which gives answers that a real API server seldom gives. */
export class Front {
  readonly url: string;
  readonly #answering: { now: Answering };

  /** Ends every connection, watches too. */
  readonly cut: () => void;

  private constructor(url: string, answering: { now: Answering }, cut: () => void) {
    this.url = url;
    this.#answering = answering;
    this.cut = cut;
  }

  /** Ended after the test. */
  static async open(t: TestContext, lab: Lab): Promise<Front> {
    const answering: { now: Answering } = { now: () => false };
    const agent = new Agent({ keepAlive: true, ca: lab.ca });
    const server = createServer((asked, answer) => {
      if (!answering.now(asked, answer)) pass(lab, agent, asked, answer);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    t.after(() => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
    });
    return new Front(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, answering, () =>
      server.closeAllConnections(),
    );
  }

  /** From now on. */
  answer(how: Answering): void {
    this.#answering.now = how;
  }

  heal(): void {
    this.answer(() => false);
  }
}

function pass(lab: Lab, agent: Agent, asked: IncomingMessage, answer: ServerResponse): void {
  const onwards = request(new URL(asked.url ?? "/", lab.url), {
    agent,
    method: asked.method,
    headers: { ...asked.headers, host: new URL(lab.url).host },
  });
  onwards.on("response", (response) => {
    answer.writeHead(response.statusCode ?? 500, response.headers);
    answer.flushHeaders();
    response.on("error", () => answer.destroy()).pipe(answer);
  });
  onwards.on("error", () => answer.destroy());
  answer.on("close", () => onwards.destroy());
  asked.pipe(onwards);
}

export const isWatch = ({ url }: IncomingMessage): boolean => /[?&]watch=/.test(url ?? "");

/** A Status with this code, as a proxy or an overloaded server gives it. */
export const status =
  (code: number): Answering =>
  (_asked, answer) => {
    answer.writeHead(code, { "content-type": "application/json" });
    answer.end(JSON.stringify({ kind: "Status", apiVersion: "v1", status: "Failure", code, message: "a fault" }));
    return true;
  };

/** The page that a load balancer shows. */
export const html: Answering = (_asked, answer) => {
  answer.writeHead(200, { "content-type": "text/html" }).end("<html><body>Welcome!</body></html>");
  return true;
};

/** A body without an end, as fast as it is taken. */
export const hugeBody: Answering = (_asked, answer) => {
  answer.writeHead(200, { "content-type": "application/json" });
  const chunk = Buffer.alloc(1 << 16, " ");
  const more = (): void => {
    while (!answer.destroyed && answer.write(chunk));
  };
  answer.on("drain", more);
  more();
  return true;
};

/** A proxy that has this answer in its cache, and gives it to whatever is asked, writes too: none of them arrives. */
export const cached =
  (body: object): Answering =>
  (asked, answer) => {
    if (silentWatch(asked, answer)) return true;
    answer.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(body));
    return true;
  };

/** Only watches: they are opened, and nothing comes. */
export const silentWatch: Answering = (asked, answer) => {
  if (!isWatch(asked)) return false;
  answer.writeHead(200, { "content-type": "application/json" }).flushHeaders();
  return true;
};

/** Only watches: lines that are no events. */
export const garbageWatch: Answering = (asked, answer) => {
  if (!isWatch(asked)) return false;
  answer.writeHead(200, { "content-type": "application/json" });
  answer.end('{"type":"MODIFIED"}\n\u0000garbage\n{"type":"MODIFIED","object":{"kind":"Lease","spec":{"holderId');
  return true;
};
