/** Asks a listener as a probe or a scraper does: one request, one connection. */
import assert from "node:assert/strict";
import { request } from "node:http";
import type { Candidate } from "./candidate.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Rejects when the connection ends before the answer did, or after `limit` milliseconds. */
export function ask(address: string, path: string, method = "GET", limit = 20_000): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const asked = request(`http://${address}${path}`, { method, agent: false, signal: AbortSignal.timeout(limit) });
    asked.once("error", reject).once("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
    });
    asked.end();
  });
}

/** "200 ok": what a path answers, on one line. */
export async function told(address: string, path: string): Promise<string> {
  const { status, body } = await ask(address, path);
  return `${status} ${body.trimEnd()}`;
}

/** What /leader answers. */
export interface LeaderFacts {
  readonly me: string | null;
  readonly leading: boolean;
  readonly phase: string;
  readonly lease: string | null;
  readonly holder: string | null;
  readonly since: string | null;
  readonly transitions: number | null;
}

export async function leaderAt(address: string): Promise<LeaderFacts> {
  const { status, headers, body } = await ask(address, "/leader");
  assert.equal(status, 200);
  assert.equal(headers["content-type"], "application/json");
  return JSON.parse(body) as LeaderFacts;
}

/** Where a candidate answers this path, by what it logged. */
export async function addressOf(candidate: Candidate, path = "/healthz"): Promise<string> {
  const { message } = await candidate.says(new RegExp(`^answering .*${path}.* on `));
  return addressIn(message);
}

/** The address in such a line; an address of all becomes one that can be connected to. */
export function addressIn(message: string): string {
  return (/ on (\S+)$/.exec(message)?.[1] ?? "").replace(/^(\[::\]|0\.0\.0\.0):/, "127.0.0.1:");
}
