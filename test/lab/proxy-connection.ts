import { connect, type Socket } from "node:net";
import { Lane, type Direction } from "./proxy-lane.ts";

/** Both directions, shared by all connections of a proxy. */
export interface Directions {
  readonly toServer: Direction;
  readonly toClient: Direction;
}

/** One client's connection through the proxy, and the one to the server that is opened for its first bytes. */
export class Connection {
  readonly #client: Socket;
  readonly #target: { host: string; port: number };
  readonly #toServer: Lane;
  readonly #toClient: Lane;
  readonly #over: () => void;
  #server: Socket | undefined;

  /** `over` is called when both sides are closed and nothing is under way. */
  constructor(client: Socket, target: { host: string; port: number }, directions: Directions, over: () => void) {
    this.#client = client;
    this.#target = target;
    this.#over = over;
    this.#toServer = new Lane(directions.toServer, (open) => this.#serverSide(open));
    this.#toClient = new Lane(directions.toClient, () => client);
    this.#feed(client, this.#toServer);
  }

  /** The directions have changed. */
  flow(): void {
    this.#toServer.flow();
    this.#toClient.flow();
    this.#reportWhenOver();
  }

  /** Ends both sides now, with RST or with FIN. */
  end(how: "reset" | "cut"): void {
    this.#toServer.close();
    this.#toClient.close();
    for (const socket of [this.#client, this.#server]) {
      if (how === "reset") socket?.resetAndDestroy();
      else socket?.destroy();
    }
  }

  #serverSide(open: boolean): Socket | undefined {
    if (!this.#server && open) {
      this.#server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
      this.#feed(this.#server, this.#toClient);
    } else if (!this.#server) {
      this.#client.destroy(); // it went without a word: there is no server to answer its FIN
    }
    return this.#server;
  }

  #feed(source: Socket, lane: Lane): void {
    source.on("data", (bytes) => lane.push(bytes));
    source.on("end", () => lane.push("end"));
    source.on("error", () => lane.push("reset")); // also when it had ended before
    source.on("close", () => {
      if (!source.readableEnded) lane.push("reset"); // it broke, or was ended by us
      this.#reportWhenOver();
    });
  }

  /** What a client has given up lives on while its bytes are under way: a late request is a fault too. */
  #reportWhenOver(): void {
    if (!this.#client.destroyed || !(this.#server?.destroyed ?? this.#toServer.idle)) return;
    this.#toServer.close();
    this.#toClient.close();
    this.#over();
  }
}
