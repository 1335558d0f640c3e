/** From the last instruction of one holder's command to the first of the next one's. */
import { execFileSync } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { until } from "../test/lab/index.ts";
import { Program } from "./program.ts";
import { hasOwnPids, type Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { pidHere, stamped } from "./stamps.ts";

/** A standby is given this long after it has said that it stands by, to get ready for the hand-over. */
const settles = 500;

interface Kind {
  readonly start: (stamps: string) => Program | Promise<Program>;
  readonly standsBy: RegExp;
  /** Ends what works: the command alone, or the whole program where it works itself. */
  readonly end: "command" | "program";
}

/** One holder and one standby of a kind; each step hands over, and brings in a new standby. */
class Relay {
  readonly #kind: Kind;
  readonly #file: string;
  #holder: Program | null = null;
  #steps = 0;

  constructor(kind: Kind, file: string) {
    this.#kind = kind;
    this.#file = file;
  }

  async step(): Promise<number> {
    const { start, standsBy, end } = this.#kind;
    const nth = this.#steps++;
    const holder = (this.#holder ??= await start(this.#file));
    const { pid } = await stamped(this.#file, "start", nth);
    const standby = await start(this.#file);
    await standby.says(standsBy);
    await pause(settles);
    process.kill(end === "command" ? pidHere(this.#file, pid) : holder.pid, "SIGTERM");
    const next = await stamped(this.#file, "start", nth + 1);
    const ended = await stamped(this.#file, "end", nth);
    await holder.exited;
    this.#holder = standby;
    return next.at - ended.at;
  }

  async close(): Promise<void> {
    await this.#holder?.kill();
  }
}

/** The same requests by hand, one after the other, in one process: no elector in Node can be faster. */
class Floor {
  readonly #program: Program;
  readonly #file: string;
  #steps = 0;

  constructor(room: Room) {
    this.#file = room.newFile();
    this.#program = room.handWritten("relay", "floor", [room.stamp, this.#file, "once"]);
  }

  async step(): Promise<number> {
    await this.#program.says(/^ready/m);
    await pause(settles);
    this.#program.child.stdin?.write("go\n");
    const nth = this.#steps++;
    const { at } = await stamped(this.#file, "start", nth);
    const sent = await until("the floor's answer", () => this.#program.stdout.split("\n").slice(0, -1)[nth + 1]);
    return at - Number(sent) / 1e6;
  }

  close(): Promise<void> {
    return this.#program.kill();
  }
}

export async function handOver(room: Room): Promise<Row[]> {
  const etcdctl = findEtcdctl();
  const etcd = room.etcdUrl;
  const kubernetes: Kind = {
    start: (stamps) => room.leaderExec("hand-over", stamps),
    standsBy: /standing by/,
    end: "command",
  };
  const folder = room.newFile();
  const files: Kind = { ...kubernetes, start: (stamps) => room.leaderExec("hand-over", stamps, { folder }) };
  const pods: Kind = {
    ...kubernetes,
    start: (stamps) => room.leaderExec("hand-over-pods", stamps, { asInPod: true }),
  };
  const clientGo: Kind = {
    start: (stamps) => room.clientGo("hand-over-go", stamps),
    standsBy: /^leader ./m,
    end: "program",
  };
  const lock: Kind = {
    start: (stamps) => new Program(etcdctl ?? "", [`--endpoints=${etcd}`, "lock", "bench", room.stamp, stamps]),
    standsBy: /(?:)/,
    end: "command",
  };
  const relays = {
    kubernetes: new Relay(kubernetes, room.newFile()),
    floor: new Floor(room),
    ...(hasOwnPids() ? { pods: new Relay(pods, room.newFile()) } : {}),
    files: new Relay(files, room.newFile()),
    ...(etcdctl === null ? {} : { etcdctl: new Relay(lock, room.newFile()) }),
    clientGo: new Relay(clientGo, room.newFile()),
  };
  const figures: Record<string, number[]> = {};
  const rounds = room.rounds(32);
  for (let round = 0; round < rounds; round++) {
    for (const [name, relay] of Object.entries(relays)) {
      if (name === "clientGo" && round % 4 !== 0) continue;
      (figures[name] ??= []).push(await relay.step());
    }
    room.progress(`hand-over ${round + 1}/${rounds}`);
  }
  for (const relay of Object.values(relays)) await relay.close();
  const of = (name: string): number[] => figures[name] ?? [];
  const row = { what: "hand-over", unit: "ms", figures: of("kubernetes") } as const;
  return [
    { ...row, base: "client-go", baseFigures: of("clientGo"), budget: { most: 15 } },
    { ...row, base: "node:https by hand", baseFigures: of("floor"), budget: null },
    {
      ...row,
      base: etcdctl === null ? "no etcdctl" : "etcdctl lock",
      baseFigures: of("etcdctl"),
      budget: { times: 3 },
    },
    {
      ...row,
      what: "hand-over, as in pods",
      figures: of("pods"),
      base: "node:https by hand",
      baseFigures: of("floor"),
      budget: { most: 15 },
    },
    { ...row, what: "hand-over, file store", figures: of("files"), base: "", baseFigures: [], budget: null },
  ];
}

/** From ETCDCTL, or on the PATH. */
function findEtcdctl(): string | null {
  const file = process.env["ETCDCTL"] ?? "etcdctl";
  try {
    execFileSync(file, ["version"], { stdio: "ignore" });
    return file;
  } catch {
    return null; // the table says so
  }
}
