// Runs in the cluster's network namespace, in place of kube-proxy and a client: asks one endpoint after the other, without a pause.
// In: one JSON array of addresses a line, the newest counts. Out: the answer to each request as JSON; null: none.
import { request } from "node:http";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

let endpoints = [];
createInterface({ input: process.stdin })
  .on("line", (line) => (endpoints = JSON.parse(line)))
  .on("close", () => process.exit());

/** What the endpoint answered; undefined when it did not. */
const ask = (host) =>
  new Promise((resolve) => {
    const sent = request({ host, port: 9090, agent: false, timeout: 500 }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part) => (text += part));
      response.on("end", () => resolve(text)).on("error", () => resolve(undefined));
    });
    sent.on("timeout", () => sent.destroy());
    sent.on("error", () => resolve(undefined));
    sent.end();
  });

for (let count = 0; ; count++) {
  const host = endpoints[count % endpoints.length];
  const text = host === undefined ? undefined : await ask(host);
  console.log(JSON.stringify(text ?? null));
  await pause(5);
}
