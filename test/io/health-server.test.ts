import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { test, type TestContext } from "node:test";
import { serve, type Limits, type ListenAt, type Listener, type Routes } from "../../src/io/health-server.ts";
import { until } from "../lab/until.ts";
import { ask } from "../support/ask.ts";

const by = "--health-probe-bind-address";
const at = (host: string | undefined, port: number) => ({ by, text: `${host ?? ""}:${port}`, host, port });
const text = (body: string) => ({ status: 200, type: "text/plain", body });
const fine: Routes = { "/healthz": () => text("ok\n") };

async function served(t: TestContext, routes = fine, limits?: Limits): Promise<Listener> {
  return servedAt(t, at("127.0.0.1", 0), routes, limits);
}

async function servedAt(t: TestContext, where: ListenAt, routes = fine, limits?: Limits): Promise<Listener> {
  const listener = await serve(where, routes, limits);
  assert.ok(typeof listener === "object", JSON.stringify(listener));
  t.after(() => listener.close());
  return listener;
}

/** A connection that the test itself reads from, or does not; what it got so far, and its end. */
async function connection(t: TestContext, { address }: Listener, read = true) {
  const socket: Socket = connect(Number(address.split(":")[1]), "127.0.0.1");
  const seen = { text: "" };
  t.after(() => socket.destroy());
  socket.on("error", (error: NodeJS.ErrnoException) => assert.match(error.code ?? "", /^(ECONNRESET|EPIPE)$/));
  const closed = once(socket, "close");
  await once(socket, "connect");
  if (read) socket.setEncoding("utf8").on("data", (more: string) => (seen.text += more));
  return { socket, seen, closed };
}

const portInProc = (port: number): string => port.toString(16).toUpperCase().padStart(4, "0");

test("GET and HEAD are answered, and neither is to be cached or kept", async (t) => {
  const { address } = await served(t);
  const got = await ask(address, "/healthz?verbose");
  assert.deepEqual([got.status, got.body], [200, "ok\n"]);
  assert.equal(got.headers["cache-control"], "no-store");
  assert.equal(got.headers.connection, "close");
  const head = await ask(address, "/healthz", "HEAD");
  assert.deepEqual([head.status, head.body, head.headers["content-length"]], [200, "", "3"]);
});

test("nothing but reading is allowed, and nothing but what is there is found", async (t) => {
  const { address } = await served(t);
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
    const refused = await ask(address, "/healthz", method);
    assert.deepEqual([refused.status, refused.headers["allow"]], [405, "GET, HEAD"], method);
  }
  for (const path of ["/", "/healthz/", "//healthz", "/constructor", "/__proto__"])
    assert.equal((await ask(address, path)).status, 404, path);
});

test("an answer that cannot be made is a 500, and the next one is made again", async (t) => {
  let broken = true;
  const { address } = await served(t, {
    "/healthz": () => {
      if (broken) throw new Error("no");
      return text("ok\n");
    },
  });
  assert.match((await ask(address, "/healthz")).body, /^internal error, please report it: Error: no/);
  broken = false;
  assert.equal((await ask(address, "/healthz")).status, 200);
});

test("a request with endless headers is refused", async (t) => {
  const { socket, seen, closed } = await connection(t, await served(t));
  socket.write(`GET /healthz HTTP/1.1\r\nhost: a\r\nx: ${"y".repeat(9_000)}`);
  await closed;
  assert.match(seen.text, /^HTTP\/1\.1 431 /);
});

test("nonsense is refused, and hurts nobody", async (t) => {
  const listener = await served(t);
  const { socket, seen, closed } = await connection(t, listener);
  socket.write("\x16\x03\x01\x02\x00 no HTTP at all\r\n\r\n");
  await closed;
  assert.match(seen.text, /^HTTP\/1\.1 400 /);
  assert.equal((await ask(listener.address, "/healthz")).status, 200);
});

test("who sends its request too slowly, or nothing, is cut off", async (t) => {
  const listener = await served(t, fine, { longest: 300, connections: 10 });
  const [silent, slow] = [await connection(t, listener), await connection(t, listener)];
  const drip = setInterval(() => slow.socket.write("G"), 20);
  t.after(() => clearInterval(drip));
  await Promise.all([silent.closed, slow.closed]);
});

test("who does not read what it asked for is cut off", async (t) => {
  const large = text("x".repeat(20_000_000)); // more than the kernel keeps for a reader
  const listener = await served(t, { "/healthz": () => large }, { longest: 1_000, connections: 10 });
  const { socket, closed } = await connection(t, listener, false);
  socket.write("GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n");
  await once(socket, "readable");
  const [ours, theirs] = [socket.localPort ?? 0, socket.remotePort ?? 0].map(portInProc);
  const isOpen = () => new RegExp(`:${theirs} \\w+:${ours} 01 `).test(readFileSync("/proc/net/tcp", "latin1"));
  await until("the server gives it up", () => !isOpen()); // only then it begins to read
  let length = 0;
  socket.on("data", (more: Buffer) => (length += more.length));
  await closed;
  assert.ok(length < large.body.length, `${length} bytes of ${large.body.length}`);
});

test("however many connections others hold open, the next one is answered", async (t) => {
  const listener = await served(t, fine, { longest: 600_000, connections: 5 });
  const held: Awaited<ReturnType<typeof connection>>[] = [];
  for (let count = 0; count < 20; count++) held.push(await connection(t, listener));
  assert.equal((await ask(listener.address, "/healthz")).status, 200);
  await until("the older ones are cut off", () => held.slice(0, 15).every(({ socket }) => socket.closed));
});

test("closing cuts off whoever is connected, and frees the address", async (t) => {
  const listener = await served(t, fine, { longest: 600_000, connections: 10 });
  const { socket } = await connection(t, listener);
  socket.write("GET /healthz HTTP/1.1\r\n");
  assert.equal((await ask(listener.address, "/healthz")).status, 200); // by now that half is there, too
  listener.close();
  await until("it is cut off", () => socket.closed);
  await assert.rejects(ask(listener.address, "/healthz"), /ECONNREFUSED/);
});

test("an address that cannot be listened on is told in one sentence, with what to do", async (t) => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const rows = [
    [at("127.0.0.1", port), `cannot listen on 127.0.0.1:${port} (${by}): something else listens there already; give`],
    [at("192.0.2.1", 8081), `cannot listen on 192.0.2.1:8081 (${by}): this machine has no such address; give`],
    [at("no-such-host.invalid", 8081), `cannot listen on no-such-host.invalid:8081 (${by}): `],
  ] as const;
  for (const [address, sentence] of rows) {
    const told = await serve(address, fine);
    assert.ok(typeof told === "string" && told.startsWith(sentence), JSON.stringify(told));
  }
});

test("an address of IPv6 and none at all are listened on too", async (t) => {
  const everywhere = await servedAt(t, at(undefined, 0));
  assert.equal((await ask(`127.0.0.1:${everywhere.address.split(":").at(-1)}`, "/healthz")).status, 200);
  if (
    !Object.values(networkInterfaces())
      .flat()
      .some((each) => each?.address === "::1")
  ) {
    t.skip("NOT TESTED: there is no IPv6 here");
    return;
  }
  const { address } = await servedAt(t, at("::1", 0));
  assert.match(address, /^\[::1\]:\d+$/);
  assert.equal((await ask(address, "/healthz")).status, 200);
});
