import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { startProxy, type FaultProxy } from "./proxy.ts";
import { until } from "./until.ts";

/** A server that answers every chunk with itself in capitals, and remembers what it heard and how it ended. */
class Shouter {
  readonly server = createServer((socket) => {
    this.sockets.add(socket);
    socket.on("data", (bytes) => {
      this.heard += bytes.toString();
      socket.write(bytes.toString().toUpperCase());
    });
    socket.on("error", (error: NodeJS.ErrnoException) => (this.ending = error.code));
    socket.on("close", () => (this.ending ??= "closed"));
  });
  readonly sockets = new Set<Socket>();
  heard = "";
  ending: string | undefined;
}

/** A client that remembers what it got and how its connection ended. */
class Client {
  readonly socket: Socket;
  got = "";
  ending: string | undefined;

  constructor(url: string) {
    this.socket = connect(Number(new URL(url).port), "127.0.0.1");
    this.socket.on("data", (bytes) => (this.got += bytes.toString()));
    this.socket.on("error", (error: NodeJS.ErrnoException) => (this.ending = error.code));
    this.socket.on("close", () => (this.ending ??= "closed"));
  }

  /** Sends and waits for the answer. */
  async ask(text: string): Promise<void> {
    const expected = this.got + text.toUpperCase();
    this.socket.write(text);
    await until(`the answer ${expected}`, () => this.got === expected, 2000, 1);
  }

  /** Sends, and gives an answer that must not come a fair chance. */
  async askInVain(text: string): Promise<void> {
    const before = this.got;
    this.socket.write(text);
    await pause(100);
    assert.equal(this.got, before, "nothing must arrive");
    assert.equal(this.ending, undefined, "the connection must stay open");
  }

  async ended(): Promise<string> {
    return until("the connection ends", () => this.ending, 2000, 1);
  }
}

describe("the proxy", () => {
  let shouter: Shouter;
  let proxy: FaultProxy;
  let client: Client;

  beforeEach(async () => {
    shouter = new Shouter();
    shouter.server.listen(0, "127.0.0.1");
    await once(shouter.server, "listening");
    const { port } = shouter.server.address() as AddressInfo;
    proxy = await startProxy(`http://127.0.0.1:${port}`);
    client = new Client(proxy.url);
    await client.ask("hello ");
  });

  afterEach(() => {
    client.socket.destroy();
    proxy.close();
    shouter.server.close();
    for (const socket of shouter.sockets) socket.destroy();
  });

  test("passes bytes both ways and counts them", async () => {
    await client.ask("you");
    assert.deepEqual(proxy.counters, { accepted: 1, open: 1, toServer: 9, toClient: 9 });
    client.socket.end();
    assert.equal(await client.ended(), "closed");
    await until("the proxy forgets the connection", () => proxy.counters.open === 0);
  });

  test("a black hole takes bytes in silence; a connection that lost some stays dead, new ones work", async () => {
    proxy.blackhole();
    await client.askInVain("lost");
    assert.equal(shouter.heard, "hello ");
    await proxy.heal();
    await client.askInVain("still dead");
    assert.equal(shouter.heard, "hello ");
    await new Client(proxy.url).ask("fresh");
  });

  test("a black hole that lost nothing of a connection leaves it whole", async () => {
    proxy.blackhole();
    await proxy.heal();
    await client.ask("again");
  });

  test("a black hole to the client lets requests through and swallows answers", async () => {
    proxy.blackhole("toClient");
    await client.askInVain("write");
    assert.equal(shouter.heard, "hello write");
  });

  test("a black hole hides that the client is gone; the server learns it after the heal", async () => {
    proxy.blackhole();
    client.socket.destroy();
    await pause(100);
    assert.equal(shouter.ending, undefined);
    await proxy.heal();
    assert.equal(await until("the server's end", () => shouter.ending), "ECONNRESET");
    await until("the proxy forgets the connection", () => proxy.counters.open === 0);
  });

  test("held answers arrive, late and complete", async () => {
    proxy.hold("toClient");
    await client.askInVain("one ");
    await client.askInVain("two");
    assert.equal(shouter.heard, "hello one two");
    await proxy.heal();
    await until("the held answers", () => client.got === "HELLO ONE TWO");
  });

  test("a held request reaches the server even after its client has given up", async () => {
    proxy.hold("toServer");
    await client.askInVain("late");
    client.socket.destroy();
    await client.ended();
    await proxy.heal();
    await until("the late request", () => shouter.heard === "hello late");
    await until("the proxy forgets the connection", () => proxy.counters.open === 0);
  });

  test("what is held can be dropped instead", async () => {
    proxy.hold("toServer");
    await client.askInVain("never");
    proxy.blackhole("toServer");
    await proxy.heal();
    await client.askInVain("dead");
    assert.equal(shouter.heard, "hello ");
  });

  test("a delay is added in one direction or both, order is kept", async () => {
    proxy.delay(80, "toServer");
    const one = performance.now();
    await client.ask("a");
    const oneWay = performance.now() - one;
    assert.ok(oneWay >= 79, `one way took ${oneWay} ms`);
    proxy.delay(80);
    const two = performance.now();
    client.socket.write("b");
    client.socket.write("c");
    await until("both answers", () => client.got === "HELLO ABC", 2000, 1);
    assert.ok(performance.now() - two >= 158, "both ways");
  });

  test("reset is a RST on both sides, cut is a FIN", async () => {
    proxy.reset();
    assert.equal(await client.ended(), "ECONNRESET");
    assert.equal(await until("the server's end", () => shouter.ending), "ECONNRESET");
    const next = new Client(proxy.url);
    await next.ask("next");
    proxy.cut();
    assert.equal(await next.ended(), "closed");
  });

  test("new connections can be reset or refused while old ones go on", async () => {
    proxy.resetNewConnections();
    assert.equal(await new Client(proxy.url).ended(), "ECONNRESET");
    proxy.refuseNewConnections();
    assert.equal(await new Client(proxy.url).ended(), "ECONNREFUSED");
    await client.ask("old");
    await proxy.heal();
    await new Client(proxy.url).ask("new");
  });
});
