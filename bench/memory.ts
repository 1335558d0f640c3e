import { readFileSync, readlinkSync } from "node:fs";
import type { Program } from "./program.ts";

/** The guards of these programs, in the same order: the children that run the same Node, as the measured command does not. */
export function guardsOf(programs: readonly Program[]): number[] {
  return programs.map(({ pid }) => {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
    const guard = children.find((child) => readlinkSync(`/proc/${child}/exe`) === readlinkSync(`/proc/${pid}/exe`));
    if (guard === undefined) throw new Error(`leader-exec ${pid} has no guard`);
    return guard;
  });
}

/** In MiB, the sum of these fields of /proc/PID/smaps_rollup. */
export function memoryOf(pid: number, fields: readonly string[]): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  return fields.reduce((all, field) => all + Number(new RegExp(`^${field}: +(\\d+)`, "m").exec(text)?.[1]) / 1024, 0);
}
