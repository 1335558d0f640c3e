import assert from "node:assert/strict";
import type { ServerResponse } from "node:http";
import { test, type TestContext } from "node:test";
import { until } from "../../lab/until.ts";
import { fakeStore, leaseJson, statusJson } from "../../support/fake-api.ts";
import { diary } from "../../support/kubernetes-store.ts";

const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
const changed = (holder: string): string => line("MODIFIED", leaseJson(holder, "7"));

/** What a watch tells when the server sends this. */
async function told(t: TestContext, send: (response: ServerResponse) => void): Promise<readonly string[]> {
  const { store } = await fakeStore(t, (_, response) => send(response));
  const watch = diary();
  store.watch("5", watch);
  await until("the watch ends", () => watch.told.some((each) => each.startsWith("ended")));
  return watch.told;
}

/** Writes one piece after the other, each in a packet of its own, then ends. */
function inPieces(response: ServerResponse, pieces: readonly Buffer[]): void {
  const [piece, ...rest] = pieces;
  if (piece === undefined) response.end();
  else response.write(piece, () => setTimeout(() => inPieces(response, rest), 5));
}

test("lines may come in any pieces, cut within a line or within a character", async (t) => {
  const bytes = Buffer.from(changed("Jürgen") + changed("日本") + changed("z"));
  const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, index) =>
    bytes.subarray(index * 7, index * 7 + 7),
  );
  const expected = ["changed Jürgen", "changed 日本", "changed z", "ended closed"];
  assert.deepEqual(await told(t, (response) => inPieces(response, pieces)), expected);
});

test("a bookmark tells nothing", async (t) => {
  const bookmark = line("BOOKMARK", { kind: "Lease", metadata: { resourceVersion: "9", creationTimestamp: null } });
  assert.deepEqual(await told(t, (response) => response.end(bookmark + changed("a"))), ["changed a", "ended closed"]);
});

test("half a line at the end is not told", async (t) => {
  const half = changed("b").slice(0, -20);
  assert.deepEqual(await told(t, (response) => response.end(changed("a") + half)), ["changed a", "ended closed"]);
});

test("the version being too old ends the watch as closed, as a status or as an event", async (t) => {
  const gone = statusJson(410, "Expired", "too old resource version");
  assert.deepEqual(await told(t, (response) => response.end(line("ERROR", gone))), ["ended closed"]);
  assert.deepEqual(await told(t, (response) => response.writeHead(410).end(JSON.stringify(gone))), ["ended closed"]);
});

test("garbage, another error, a line without end and HTML end the watch as failed, with nothing told after", async (t) => {
  const internal = line("ERROR", statusJson(500, "InternalError", "etcd"));
  assert.deepEqual(await told(t, (response) => response.end("what?\n" + changed("a"))), ["ended failed"]);
  assert.deepEqual(await told(t, (response) => response.end(internal + changed("a"))), ["ended failed"]);
  assert.deepEqual(await told(t, (response) => response.end("<html>\n")), ["ended failed"]);
  const endless = (response: ServerResponse): void => {
    const more = (): void => {
      while (response.write(Buffer.alloc(65_536, 97)));
      response.once("drain", more);
    };
    more();
  };
  assert.deepEqual(await told(t, endless), ["ended failed"]);
});

test("a refusal ends the watch: forbidden when the right is missing, else failed", async (t) => {
  for (const [status, reason] of [
    [403, "forbidden"],
    [401, "failed"],
    [404, "failed"],
    [429, "failed"],
    [500, "failed"],
  ] as const)
    assert.deepEqual(
      await told(t, (response) => response.writeHead(status).end()),
      [`ended ${reason}`],
      String(status),
    );
});

test("a broken connection ends the watch as failed", async (t) => {
  const send = (response: ServerResponse): void => {
    response.write(changed("a"), () => response.socket?.destroy());
  };
  const [first, last] = await told(t, send);
  assert.deepEqual([first, last], ["changed a", "ended failed"]);
});

test("the watch asks for this Lease alone, from the version known, with bookmarks and an end after some minutes", async (t) => {
  let asked = "";
  const { store } = await fakeStore(t, ({ url = "" }, response) => {
    asked = url;
    response.end();
  });
  const watch = diary();
  store.watch("5", watch);
  await until("the watch ends", () => watch.told.length > 0);
  const { searchParams: query } = new URL(asked, "http://x");
  assert.equal(query.get("fieldSelector"), "metadata.name=demo");
  assert.equal(query.get("resourceVersion"), "5");
  assert.equal(query.get("allowWatchBookmarks"), "true");
  const seconds = Number(query.get("timeoutSeconds"));
  assert.ok(seconds >= 240 && seconds < 360, String(seconds));
});

test("closing the store ends an open watch and its connection, and tells nothing", async (t) => {
  const { store, connections } = await fakeStore(t, (_, response) => response.write(changed("a")));
  const watch = diary();
  store.watch(null, watch);
  await until("a change", () => watch.told.length > 0);
  store.close();
  await until("the connection is closed", () => connections() === 0);
  assert.deepEqual(watch.told, ["changed a"]);
});
