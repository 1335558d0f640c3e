import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { TestContext } from "node:test";

export interface Proxy {
  readonly port: number;
  /** What it was asked for, in order. */
  readonly asked: readonly string[];
  /** Connections of clients that are open now. */
  readonly connections: () => number;
}

/** What an HTTP proxy does with a CONNECT. */
export type Behaviour = "connect" | "refuse" | "silent";

/** An HTTP proxy that leads every CONNECT to the port of `target`, whatever host was asked for; ended after the test. */
export async function httpProxy(t: TestContext, target: string, behaviour: () => Behaviour): Promise<Proxy> {
  const asked: string[] = [];
  const server = createHttpServer();
  const connections = counted(server);
  server.on("connect", ({ url = "", headers }, client: Socket) => {
    asked.push(`${url} ${headers["proxy-authorization"] ?? ""}`.trim());
    client.on("error", () => client.destroy());
    if (behaviour() === "refuse") client.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
    if (behaviour() === "silent") client.resume().on("end", () => client.destroy());
    if (behaviour() !== "connect") return;
    join(client, target, () => client.write("HTTP/1.1 200 Connection established\r\n\r\n"));
  });
  return { port: await listening(t, server, connections), asked, connections: () => connections.size };
}

/** A SOCKS 5 proxy (RFC 1928) for names, without authentication, that leads all to the port of `target`. */
export async function socksProxy(t: TestContext, target: string): Promise<Proxy> {
  const asked: string[] = [];
  const server = createServer((client) => {
    client.on("error", () => client.destroy());
    client.once("data", () => {
      client.write(Buffer.from([5, 0]));
      client.once("data", (request) => {
        const length = request[4] ?? 0;
        asked.push(`${request.toString("latin1", 5, 5 + length)}:${request.readUInt16BE(5 + length)}`);
        join(client, target, () => client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0])));
      });
    });
  });
  const connections = counted(server);
  return { port: await listening(t, server, connections), asked, connections: () => connections.size };
}

function join(client: Socket, target: string, joined: () => void): void {
  const { hostname, port } = new URL(target);
  const server = connect(Number(port), hostname, () => {
    joined();
    client.pipe(server).pipe(client);
  });
  server.on("error", () => client.destroy());
  client.on("close", () => server.destroy());
  server.on("close", () => client.destroy());
}

function counted(server: Server): Set<Socket> {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  return open;
}

async function listening(t: TestContext, server: Server, connections: Set<Socket>): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.close();
    for (const socket of connections) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
