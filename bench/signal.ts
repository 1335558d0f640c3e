/** From kill(2) at leader-exec to the signal's arrival at the command. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { now, Program } from "./program.ts";
import type { Room } from "./room.ts";
import type { Row } from "./rows.ts";
import { stamped } from "./stamps.ts";

export async function signal(room: Room): Promise<Row[]> {
  const [ours, bare] = [room.newFile(), room.newFile()];
  const forwards = join(import.meta.dirname, "programs", "forwards.cjs");
  const programs = [
    { program: room.leaderExec("signal", ours), file: ours, figures: [] as number[] },
    { program: Program.node([forwards, room.stamp, bare]), file: bare, figures: [] as number[] },
  ];
  for (const { file } of programs) await stamped(file, "start");
  await pause(1000);
  const rounds = room.rounds(50);
  for (let round = 0; round < rounds; round++) {
    for (const { program, file, figures } of programs) {
      await pause(30);
      const sentAt = now();
      process.kill(program.pid, "SIGUSR2");
      figures.push((await stamped(file, "signal", round)).at - sentAt);
    }
    if (round % 10 === 0) room.progress(`signal ${round}/${rounds}`);
  }
  for (const { program } of programs) program.child.kill("SIGTERM");
  const [figures = [], baseFigures = []] = programs.map((one) => one.figures);
  return [
    {
      what: "signal, until the command has it",
      unit: "ms",
      figures,
      base: "a Node program that forwards",
      baseFigures,
      budget: { most: 2 },
    },
  ];
}
