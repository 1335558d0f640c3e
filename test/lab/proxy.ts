import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePort } from "./ports.ts";
import { Lane, type Direction, type Mode } from "./proxy-lane.ts";

/** Which way a fault works. */
export type Way = "toServer" | "toClient" | "both";

interface Connection {
  readonly client: Socket;
  server: Socket | undefined;
  readonly toServer: Lane;
  readonly toClient: Lane;
}

/** A TCP proxy on loopback that can do to connections what networks do. Faults stay until `heal`. */
export class FaultProxy {
  /** The address to give to clients instead of the server's. */
  readonly url: string;
  readonly #target: URL;
  readonly #address: { host: string; port: number };
  readonly #connections = new Set<Connection>();
  readonly #toServer: Direction = { mode: "pass", delayMs: 0, bytes: 0 };
  readonly #toClient: Direction = { mode: "pass", delayMs: 0, bytes: 0 };
  #listener: Server | undefined;
  #resetNew = false;
  #accepted = 0;

  /** Use `startProxy`. */
  constructor(target: URL, port: number) {
    this.#target = target;
    this.#address = { host: target.hostname, port };
    this.url = `${target.protocol}//${target.hostname}:${port}`;
  }

  /** Connections accepted so far and open now, and bytes delivered. */
  get counters(): { accepted: number; open: number; bytesToServer: number; bytesToClient: number } {
    return {
      accepted: this.#accepted,
      open: this.#connections.size,
      bytesToServer: this.#toServer.bytes,
      bytesToClient: this.#toClient.bytes,
    };
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
    for (const direction of this.#directions(way)) direction.delayMs = ms;
  }

  /** Ends every connection now, on both sides, with RST. */
  reset(): void {
    for (const each of this.#connections) {
      forgetCargo(each);
      each.client.resetAndDestroy();
      each.server?.resetAndDestroy();
    }
  }

  /** Ends every connection now, on both sides, with FIN. */
  cut(): void {
    for (const each of this.#connections) {
      forgetCargo(each);
      each.client.destroy();
      each.server?.destroy();
    }
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
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      this.#accept(client),
    );
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
    const connection: Connection = {
      client,
      server: undefined,
      toServer: new Lane(this.#toServer, () => (connection.server ??= this.#connect(connection))),
      toClient: new Lane(this.#toClient, () => client),
    };
    this.#connections.add(connection);
    this.#feed(client, connection.toServer, connection);
  }

  #connect(connection: Connection): Socket {
    const server = connect({
      host: this.#target.hostname,
      port: Number(this.#target.port),
      allowHalfOpen: true,
      noDelay: true,
    });
    this.#feed(server, connection.toClient, connection);
    return server;
  }

  #feed(source: Socket, lane: Lane, connection: Connection): void {
    source.on("data", (bytes) => lane.push(bytes));
    source.on("end", () => lane.push("end"));
    source.on("error", () => lane.push("reset"));
    source.on("close", () => this.#forgetWhenOver(connection));
  }

  /** A connection that its client has given up lives on while its bytes are under way: a late request is a fault too. */
  #forgetWhenOver(connection: Connection): void {
    const { client, server, toServer } = connection;
    if (client.destroyed && (server?.destroyed ?? toServer.idle)) {
      forgetCargo(connection);
      this.#connections.delete(connection);
    }
  }

  #set(way: Way, mode: Mode): void {
    for (const direction of this.#directions(way)) direction.mode = mode;
    for (const connection of this.#connections) {
      connection.toServer.flow();
      connection.toClient.flow();
      this.#forgetWhenOver(connection);
    }
  }

  #directions(way: Way): Direction[] {
    if (way === "both") return [this.#toServer, this.#toClient];
    return [way === "toServer" ? this.#toServer : this.#toClient];
  }
}

function forgetCargo({ toServer, toClient }: Connection): void {
  toServer.close();
  toClient.close();
}

/** Starts a proxy on the same host before the server at `target`, on a port of its own that it keeps while refusing. */
export async function startProxy(target: string): Promise<FaultProxy> {
  const url = new URL(target);
  const proxy = new FaultProxy(url, await freePort(url.hostname));
  await proxy.listen();
  return proxy;
}
