import type { StoreFailure } from "../core/lease.ts";
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import type { HttpAnswer } from "./https-exchange.ts";
import type { Call } from "./kubernetes-client.ts";
import type { Connection } from "./kubernetes-connect.ts";
import { failure, networkFailure } from "./kubernetes-network-trouble.ts";

/** An answer, whatever its status, and the server's URL for sentences; or why there is none. */
export type AsideAnswer = (HttpAnswer & { readonly server: string }) | StoreFailure;

/**
 * Requests beside the election, over connections and with credentials of their own: whatever becomes of them, those of the Lease do not
 * notice. Nothing is opened before the first one.
 */
export class Aside {
  readonly #connect: () => Promise<Connection>;
  readonly #clock: Clock;
  #connection: Promise<Connection> | null = null;

  constructor(connect: () => Promise<Connection>, clock: Clock) {
    this.#connect = connect;
    this.#clock = clock;
  }

  /** Never rejects. `limit`: from when the credentials are there. */
  async send(call: Call, limit: Millis): Promise<AsideAnswer> {
    let connection: Connection;
    try {
      connection = await (this.#connection ??= this.#connect());
    } catch (error) {
      this.#connection = null;
      return failure("credentials", error instanceof Error ? error.message : String(error));
    }
    try {
      return { ...(await connection.client.send(call, this.#clock.now() + limit)), server: connection.place.server };
    } catch (error) {
      return networkFailure(error, connection.place);
    }
  }

  /** Ends all requests and sockets. */
  close(): void {
    void this.#connection?.then(
      ({ client }) => client.close(),
      () => undefined,
    );
  }
}
