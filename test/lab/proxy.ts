import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";
import { Connection, type Directions } from "./proxy-connection.ts";
import type { Direction, Mode } from "./proxy-lane.ts";

/** Which way a fault works. */
export type Way = "toServer" | "toClient" | "both";

/** A TCP proxy on loopback that can do to connections what networks do. Faults stay until `heal`. */
export class FaultProxy {
  /** The address to give to clients instead of the server's. */
  readonly url: string;
  readonly #target: { host: string; port: number };
  readonly #address: { host: string; port: number };
  readonly #connections = new Set<Connection>();
  readonly #directions: Directions = {
    toServer: { mode: "pass", delayMs: 0, bytes: 0 },
    toClient: { mode: "pass", delayMs: 0, bytes: 0 },
  };
  #listener: Server | undefined;
  #resetNew = false;
  #accepted = 0;

  /** Use `startProxy`. */
  constructor(target: URL, port: number) {
    this.#target = { host: target.hostname, port: Number(target.port) };
    this.#address = { host: target.hostname, port };
    this.url = `${target.protocol}//${target.hostname}:${port}`;
  }

  /** Connections accepted so far and open now, and bytes delivered. */
  get counters(): { accepted: number; open: number; toServer: number; toClient: number } {
    const { toServer, toClient } = this.#directions;
    const open = this.#connections.size;
    return { accepted: this.#accepted, open, toServer: toServer.bytes, toClient: toClient.bytes };
  }

  /** Everything open stays open and new connections are accepted, but bytes vanish. */
  blackhole(way: Way = "both"): void {
    this.#set(way, "drop");
  }

  /** Bytes are kept until `heal`: answers that arrive late. */
  hold(way: Way = "both"): void {
    this.#set(way, "hold");
  }

  /** From now on bytes take this many milliseconds longer. */
  delay(ms: number, way: Way = "both"): void {
    for (const direction of this.#which(way)) direction.delayMs = ms;
  }

  /** Ends every connection now, on both sides, with RST. */
  reset(): void {
    for (const connection of this.#connections) connection.end("reset");
  }

  /** Ends every connection now, on both sides, with FIN. */
  cut(): void {
    for (const connection of this.#connections) connection.end("cut");
  }

  /** Existing connections go on; new ones are accepted and answered with RST. */
  resetNewConnections(): void {
    this.#resetNew = true;
  }

  /** Existing connections go on; new ones get "connection refused". */
  refuseNewConnections(): void {
    this.#listener?.close();
    this.#listener = undefined;
  }

  /** Ends all faults. What was held is delivered; what was dropped stays lost. */
  async heal(): Promise<void> {
    this.#resetNew = false;
    this.delay(0);
    this.#set("both", "pass");
    if (!this.#listener) await this.listen();
  }

  /** Ends the proxy and all its connections. */
  close(): void {
    this.refuseNewConnections();
    this.cut();
  }

  /** Listens again on the same port. */
  async listen(): Promise<void> {
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
    this.#listener = listener;
    listener.listen(this.#address.port, this.#address.host);
    await once(listener, "listening");
    listener.unref();
  }

  #accept(client: Socket): void {
    this.#accepted++;
    if (this.#resetNew) {
      client.resetAndDestroy();
      return;
    }
    const connection: Connection = new Connection(client, this.#target, this.#directions, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }

  #set(way: Way, mode: Mode): void {
    for (const direction of this.#which(way)) direction.mode = mode;
    for (const connection of this.#connections) connection.flow();
  }

  #which(way: Way): Direction[] {
    const { toServer, toClient } = this.#directions;
    return way === "both" ? [toServer, toClient] : [this.#directions[way]];
  }
}

/** Starts a proxy on the same host before the server at `target`, on a port of its own that it keeps while refusing. */
export async function startProxy(target: string): Promise<FaultProxy> {
  const url = new URL(target);
  const proxy = new FaultProxy(url, await freePort(url.hostname));
  await proxy.listen();
  return proxy;
}
