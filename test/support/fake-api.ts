import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { LeaseStore } from "../../src/world.ts";
import { open } from "./kubernetes-store.ts";

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeApi {
  readonly url: string;
  /** Connections that are open now. */
  readonly connections: () => number;
}

/** An HTTP server on loopback for answers that a real API server does not give; ended after the test. */
export async function fakeApi(t: TestContext, handler: Handler): Promise<FakeApi> {
  const server = createServer(handler);
  let connections = 0;
  server.on("connection", (socket) => {
    connections++;
    socket.on("close", () => connections--);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, connections: () => connections };
}

/** A kubeconfig file, removed after the test. */
export async function kubeconfigFile(
  t: TestContext,
  cluster: object,
  user: object = { token: "secret" },
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "leader-exec-fake-"));
  t.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "config");
  const config = {
    "current-context": "fake",
    clusters: [{ name: "fake", cluster }],
    users: [{ name: "fake", user }],
    contexts: [{ name: "fake", context: { cluster: "fake", user: "fake", namespace: "jobs" } }],
  };
  await writeFile(path, JSON.stringify(config));
  return path;
}

/** The store of a fake API server; closed after the test. */
export async function fakeStore(t: TestContext, handler: Handler): Promise<FakeApi & { readonly store: LeaseStore }> {
  const api = await fakeApi(t, handler);
  const { store } = await open(await kubeconfigFile(t, { server: api.url }), { env: {} });
  t.after(() => store.close());
  return { ...api, store };
}

/** A Lease as the API server gives it out. */
export function leaseJson(holder: string, version: string): object {
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "demo", namespace: "jobs", uid: "u-1", resourceVersion: version },
    spec: { holderIdentity: holder, leaseDurationSeconds: 15 },
  };
}

/** A Status as the API server gives it out. */
export function statusJson(code: number, reason: string, message: string, details: object = {}): object {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details };
}
