import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { basename } from "node:path";

/** A process in a container, as this machine numbers it. */
export interface Inmate {
  readonly pid: number;
  readonly parent: number;
  readonly program: string;
}

/** The processes of a container that matter here. */
export interface Inmates {
  readonly tini: Inmate;
  readonly leaderExec: Inmate;
  readonly command: Inmate;
}

/** The processes whose control group is that of this container; undefined while its command does not run. */
export function inmatesOf(containerId: string): Inmates | undefined {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => inmate(Number(name), containerId) ?? []);
  const by = (pid: number | undefined): Inmate | undefined => all.find((each) => each.pid === pid);
  const command = all.find(({ program }) => program === "probe");
  let leaderExec = by(command?.parent);
  let tini = by(leaderExec?.parent);
  while (tini && tini.program !== "tini") [leaderExec, tini] = [tini, by(tini.parent)]; // a shell may stand between
  return command && leaderExec && tini ? { tini, leaderExec, command } : undefined;
}

function inmate(pid: number, containerId: string): Inmate | undefined {
  try {
    if (!readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(containerId)) return undefined;
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    return { pid, parent, program: basename(readlinkSync(`/proc/${pid}/exe`)) };
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined; // gone meanwhile
    throw error;
  }
}
