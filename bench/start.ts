/** How long it takes to be of use, or to say what was wrong. */
import { once } from "node:events";
import { createServer, type AddressInfo, type Server } from "node:net";
import { now, product, Program } from "./program.ts";
import type { Room } from "./room.ts";
import type { Row } from "./rows.ts";

/** Accepts connections and says nothing: the first one is the beginning of the first request. */
async function listen(): Promise<Server> {
  const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** The ways to start, each from spawn to the connection's arrival or to the exit. */
export class Starts {
  readonly #room: Room;
  readonly #server: Server;
  readonly #url: string;
  readonly #kubeconfig: string;

  private constructor(room: Room, server: Server, url: string, kubeconfig: string) {
    this.#room = room;
    this.#server = server;
    this.#url = url;
    this.#kubeconfig = kubeconfig;
  }

  static async open(room: Room): Promise<Starts> {
    const server = await listen();
    const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
    return new Starts(room, server, url, await room.user.kubeconfig({ server: url }));
  }

  close(): void {
    this.#server.close();
  }

  /** `node`: the binary that all of them are started with. */
  cases(node?: string): Record<"node" | "standby" | "byHand" | "help" | "usage", () => Promise<number>> {
    const elect = ["--enable-leader-election", "--kubeconfig", this.#kubeconfig, "--", "true"];
    const run = (args: readonly string[]): Program => Program.node(args, {}, node);
    const more = { server: this.#url, ...(node === undefined ? {} : { node }) };
    return {
      node: () => untilExit(run(["-e", "0"])),
      standby: () => this.#untilConnected(() => run([product, ...elect])),
      byHand: () => this.#untilConnected(() => this.#room.handWritten("first", "start", null, more)),
      help: () => untilExit(run([product, "--help"])),
      usage: () => untilExit(run([product, "--no-such-flag", "--", "true"])),
    };
  }

  async #untilConnected(newProgram: () => Program): Promise<number> {
    const connected = once(this.#server, "connection").then(now);
    const program = newProgram();
    const at = await connected;
    await program.kill();
    return at - program.startedAt;
  }
}

async function untilExit(program: Program): Promise<number> {
  await program.exited;
  return now() - program.startedAt;
}

export async function start(room: Room): Promise<Row[]> {
  const starts = await Starts.open(room);
  const figures: Record<string, number[]> = {};
  const rounds = room.rounds(25);
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(starts.cases())) (figures[name] ??= []).push(await measure());
    room.progress(`start ${round + 1}/${rounds}`);
  }
  starts.close();
  const of = (name: string): number[] => figures[name] ?? [];
  const bare = { unit: "ms", base: "node -e 0", baseFigures: of("node") } as const;
  const first = { ...bare, what: "start to first request, standby", figures: of("standby") };
  return [
    { ...first, budget: { times: 2 } },
    { ...first, base: "node:https by hand", baseFigures: of("byHand"), budget: null },
    { ...bare, what: "--help", figures: of("help"), budget: { times: 1.5 } },
    { ...bare, what: "usage error", figures: of("usage"), budget: { times: 1.5 } },
  ];
}
