import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { nobody, type ClusterAccess } from "../../src/io/kubernetes-access.ts";
import { openLease, type OpenedKubernetes } from "../../src/io/lease-kubernetes.ts";
import type { LeaseStore } from "../../src/world.ts";
import { clock } from "./kubernetes-store.ts";

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

/** Opens the Lease `demo` of a cluster without a kubeconfig, whose reader takes a second to load from source. */
export function openAt(server: string, more: Partial<ClusterAccess> = {}): Promise<OpenedKubernetes> {
  const access: ClusterAccess = {
    server: new URL(server),
    source: "a test",
    namespace: "jobs",
    authority: undefined,
    insecure: false,
    serverName: undefined,
    proxy: undefined,
    user: { ...nobody, token: "secret" },
    ...more,
  };
  return openLease(access, { namespace: undefined, lease: "demo", clock, env: {} });
}

/** The store of a fake API server; closed after the test. */
export async function fakeStore(t: TestContext, handler: Handler): Promise<FakeApi & { readonly store: LeaseStore }> {
  const api = await fakeApi(t, handler);
  const { store } = await openAt(api.url);
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
