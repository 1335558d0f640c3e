import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test, type TestContext } from "node:test";
import { describeWithLab, until, type FaultProxy, type Lab } from "../index.ts";
import { clock, failureOf, leaseOf, open, read, recordOf, write } from "../../support/kubernetes-store.ts";
import { room, type Room } from "./room.ts";

/** A room whose store goes through a proxy, with a Lease and an open connection. */
async function behindProxy(lab: Lab, t: TestContext): Promise<Room & { proxy: FaultProxy }> {
  const proxy = await lab.proxy();
  const made = await room(lab, t, proxy.url);
  leaseOf(await write(made.store, null, recordOf("first")));
  return { ...made, proxy };
}

/** A request has only this long in what follows, milliseconds. */
const short = 500;

/** Milliseconds by which an answer may be later than its deadline on a slow machine; what is not ended lasts for minutes. */
const slack = 5_000;

await describeWithLab("the network before a real API server", (lab) => {
  test("one connection is kept for all requests", async (t) => {
    const { store, proxy } = await behindProxy(lab(), t);
    for (let round = 0; round < 10; round++)
      await write(store, leaseOf(await read(store)), recordOf(`holder-${round}`));
    assert.equal(proxy.counters.accepted, 1);
  });

  test("in a black hole every request is answered by its deadline, and after it a new connection is used", async (t) => {
    const { store, proxy } = await behindProxy(lab(), t);
    // Two requests at once leave two idle connections, which are both dead in what follows.
    await Promise.all([read(store), read(store)]);
    const before = proxy.counters.accepted;
    proxy.blackhole();
    const sent = clock.now();
    const failure = failureOf(await read(store, short));
    assert.ok(clock.now() - sent < short + slack, `${clock.now() - sent} ms`);
    assert.match(failure, /^timeout: the API server https:\S+ did not answer within 0\.5 s/);
    assert.match(failureOf(await read(store, short)), /^timeout: no connection with the API server .+ within 0\.5 s/);
    await proxy.heal();
    leaseOf(await read(store));
    assert.equal(proxy.counters.accepted, before + 2, "one that stayed silent, one that works");
  });

  test("a frozen server is given up by the deadline, and its late answer changes nothing", async (t) => {
    const { store } = await room(lab(), t);
    const lease = leaseOf(await write(store, null, recordOf("first")));
    t.after(() => lab().apiServer.thaw());
    await lab().apiServer.freeze();
    const sent = clock.now();
    const late = await write(store, lease, recordOf("late"), short);
    assert.ok(clock.now() - sent < short + slack);
    assert.match(failureOf(late), /^timeout: /);
    lab().apiServer.thaw();
    assert.match(leaseOf(await read(store)).record.holder, /^(first|late)$/, "a failure says nothing about the write");
  });

  test("an idle connection that died unnoticed costs a write nothing", async (t) => {
    const { store, proxy } = await behindProxy(lab(), t);
    const lease = leaseOf(await read(store));
    proxy.cut();
    const second = leaseOf(await write(store, lease, recordOf("second")));
    proxy.reset();
    assert.equal((await write(store, second, recordOf("third"))).kind, "stored");
    proxy.cut();
    assert.equal((await read(store)).kind, "found");
  });

  test("an answer that comes in pieces over time is cut off at the deadline, and its connection with it", async (t) => {
    const { store, proxy } = await behindProxy(lab(), t);
    proxy.hold("toClient");
    const sent = clock.now();
    assert.match(failureOf(await read(store, short)), /^timeout: /);
    assert.ok(clock.now() - sent < short + slack);
    await proxy.heal();
    assert.equal((await read(store)).kind, "found");
    await until("the connection given up is closed", () => proxy.counters.open === 1);
  });

  test("a refused connection, a name that does not exist, and a server that is down are told apart from a slow one", async (t) => {
    const { store, proxy, user } = await behindProxy(lab(), t);
    proxy.refuseNewConnections();
    proxy.cut();
    const refused = failureOf(await read(store));
    assert.match(
      refused,
      /^unreachable: cannot reach the API server https:\S+: the connection was refused; check .+ECONNREFUSED/,
    );
    await proxy.heal();
    proxy.cut();
    proxy.resetNewConnections();
    assert.match(failureOf(await read(store)), /^unreachable: .+ the connection was broken off; .+ECONNRESET/);
    await proxy.heal();
    assert.equal((await read(store)).kind, "found");

    const nameless = await open(await user.kubeconfig({ server: "https://no-such-host.invalid:6443" }));
    t.after(() => nameless.store.close());
    assert.match(
      failureOf(await read(nameless.store)),
      /^(unreachable: .+ (is not known|cannot be looked up)|timeout: no connection)/,
    );
  });

  test("a server whose certificate nobody here vouches for is not talked to", async (t) => {
    const { user } = await room(lab(), t);
    const stranger = await user.file("stranger.crt", user.certificate().certificate);
    const text = JSON.parse(await readFile(await user.kubeconfig(), "utf8")) as {
      clusters: [{ cluster: Record<string, unknown> }];
    };
    const tries = [
      { "certificate-authority": stranger },
      { "certificate-authority": undefined },
      { "tls-server-name": "elsewhere.example" },
    ];
    const sentences = [
      /^tls: cannot trust .+not signed by an authority known here .+; correct certificate-authority/,
      /^tls: cannot trust .+not signed by an authority known here/,
      /^tls: cannot trust .+is for another name; .+tls-server-name/,
    ];
    for (const [index, change] of tries.entries()) {
      const changed = structuredClone(text);
      Object.assign(changed.clusters[0].cluster, change);
      const { store } = await open(await user.file("kubeconfig", JSON.stringify(changed)));
      t.after(() => store.close());
      assert.match(failureOf(await read(store)), sentences[index] ?? /never/);
    }
    const named = structuredClone(text);
    Object.assign(named.clusters[0].cluster, {
      server: lab().url.replace("127.0.0.1", "localhost"),
      "tls-server-name": "127.0.0.1",
    });
    const byAddress = await open(await user.file("kubeconfig", JSON.stringify(named)));
    t.after(() => byAddress.store.close());
    assert.equal((await read(byAddress.store)).kind, "missing", "a server name may be an address");

    const careless = structuredClone(text);
    Object.assign(careless.clusters[0].cluster, {
      "certificate-authority": undefined,
      "insecure-skip-tls-verify": true,
    });
    const { store } = await open(await user.file("kubeconfig", JSON.stringify(careless)));
    t.after(() => store.close());
    assert.equal((await read(store)).kind, "missing");
  });

  test("https to a port that speaks something else, and http to one that speaks TLS, say so", async (t) => {
    const { user } = await room(lab(), t);
    const plain = await open(await user.kubeconfig({ server: lab().url.replace("https", "http") }));
    t.after(() => plain.store.close());
    assert.match(failureOf(await read(plain.store)), /^unexpected: .+HTTP request to an HTTPS server/);
  });
});
