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

export async function start(room: Room): Promise<Row[]> {
  const server = await listen();
  const url = `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const kubeconfig = await room.user.kubeconfig({ server: url });
  const elect = ["--enable-leader-election", "--kubeconfig", kubeconfig, "--", "true"];
  const untilConnected = async (newProgram: () => Program): Promise<number> => {
    const connected = once(server, "connection").then(now);
    const program = newProgram();
    const at = await connected;
    await program.kill();
    return at - program.startedAt;
  };
  const untilExit = async (args: readonly string[]): Promise<number> => {
    const program = Program.node(args);
    await program.exited;
    return now() - program.startedAt;
  };
  const cases: Record<string, () => Promise<number>> = {
    node: () => untilExit(["-e", "0"]),
    standby: () => untilConnected(() => Program.node([product, ...elect])),
    byHand: () => untilConnected(() => room.handWritten("first", "start", null, url)),
    help: () => untilExit([product, "--help"]),
    usage: () => untilExit([product, "--no-such-flag", "--", "true"]),
  };
  const figures: Record<string, number[]> = {};
  const rounds = room.rounds(25);
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(cases)) (figures[name] ??= []).push(await measure());
    room.progress(`start ${round + 1}/${rounds}`);
  }
  server.close();
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
