import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "./daemon.ts";
import type { Enclosure } from "./enclosure.ts";
import { apiAddress, apiPort } from "./network.ts";

/** A port of this machine that leads to the API server in its namespace: files are seen from both sides, addresses are not. */
export class Door {
  readonly url: string;
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  readonly #inside: Daemon;

  private constructor(server: Server, inside: Daemon) {
    this.#server = server;
    this.#inside = inside;
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async open(enclosure: Enclosure): Promise<Door> {
    const socket = enclosure.at("api.sock");
    const inside = new Daemon(enclosure, {
      file: process.execPath,
      name: "door",
      flags: [join(import.meta.dirname, "inside.mjs"), socket, apiAddress, String(apiPort)],
      answers: () => Promise.resolve(existsSync(socket)),
    });
    const server = createServer({ allowHalfOpen: true }, (from) =>
      door.#pass(from, connect({ path: socket, allowHalfOpen: true })),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const door = new Door(server, inside);
    return door;
  }

  /** From now on it leads somewhere. */
  start(): Promise<void> {
    return this.#inside.start();
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  #pass(from: Socket, to: Socket): void {
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      this.#open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#open.delete(one);
        other.destroy();
      });
    }
  }
}
