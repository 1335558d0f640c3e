import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import type { Lab } from "../lab/index.ts";

/** What becomes of a request: it goes on to the API server, is never answered, is answered with 500, or its connection is reset. */
export type Verdict = "pass" | "hang" | "fail" | "reset";

export interface PathProxy {
  readonly url: string;
  /** Of everything that came so far: "PATCH /api/v1/namespaces/...". */
  readonly asked: readonly string[];
}

/**
 * Stands before a real API server and treats requests by what they are for, which no TCP proxy can; ended after the test. A request
 * waits for its verdict, so that something can be done before it arrives.
 */
export async function pathProxy(
  t: TestContext,
  lab: Lab,
  judge: (asked: string) => Verdict | Promise<Verdict>,
): Promise<PathProxy> {
  const { certificate, key } = lab.serverCertificate("127.0.0.1");
  const asked: string[] = [];
  const server = createServer({ cert: certificate, key }, (incoming, response) => {
    const what = `${incoming.method ?? ""} ${incoming.url ?? ""}`;
    asked.push(what);
    void Promise.resolve(judge(what)).then((verdict) => {
      if (verdict === "pass") forward(lab, incoming, response);
      else if (verdict === "reset") incoming.socket.destroy();
      else if (verdict === "fail") response.writeHead(500).end("broken");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function forward(lab: Lab, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url = "/" } = incoming;
  const onward = request(new URL(url, lab.url), { method, headers, ca: lab.ca, agent: false }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  response.on("close", () => onward.destroy());
  incoming.pipe(onward);
}
