/** What this process and this machine have to say. Pure. */
import type { StartFailure } from "../core/types.ts";
import { note, ok, problem, problemOf, type Finding } from "./finding.ts";

export interface Runtime {
  /** "v20.19.0" */
  readonly node: string;
  readonly platform: string;
  readonly version: string;
}

/** package.json's engines. */
const oldestNode = [20, 19] as const;

export function judgeRuntime({ node, platform, version }: Runtime): Finding {
  const said = `leader-exec ${version}, Node ${node}, ${platform}`;
  const [major = 0, minor = 0] = node.replace(/^v/, "").split(".").map(Number);
  if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]))
    return problem("runtime", said, `use Node ${oldestNode.join(".")} or newer`);
  if (platform === "win32")
    return problem("runtime", `${said}: commands are stopped by POSIX signals`, "use Linux, or WSL");
  if (platform !== "linux")
    return note("runtime", `${said}: only the command's process group is followed`, "use Linux for the full promise");
  return ok("runtime", said);
}

/** `search`: where the command was found, or why it cannot be started; null: none was given. */
export function judgeCommand(
  command: string | undefined,
  search: { readonly path: string } | StartFailure | null,
): Finding {
  if (search === null || command === undefined)
    return note(
      "command",
      "none was given",
      "put it behind -- to have it looked up: leader-exec doctor ... -- node worker.js",
    );
  if ("path" in search) return ok("command", `${command} is ${search.path}`, { path: search.path });
  return problemOf("command", search.message);
}

/** `warning`: what a run would warn of. */
export function judgeNodeOptions(value: string, warning: string | undefined): Finding {
  if (warning !== undefined) {
    const { message, advice } = problemOf("NODE_OPTIONS", warning);
    return note("NODE_OPTIONS", message, advice);
  }
  return ok("NODE_OPTIONS", value === "" ? "not set" : `${value}: does leader-exec no harm`);
}

/** `trouble`: why /proc is of no use; null: it is. */
export function judgeProc(trouble: string | null, guard: boolean): Finding {
  if (trouble === null) return ok("/proc", "shows this process, so what a command starts can be found");
  const found = problemOf("/proc", trouble);
  return guard ? found : note("/proc", found.message, "--guard off does without it");
}

/** `base`: what the identity begins with. */
export function judgeIdentity(base: string, from: string): Finding {
  const said = `${base}_xxxxxxxx, from ${from}, with a random end that makes it unique`;
  return ok("identity", said, { base });
}

/** `trial`: milliseconds until it answered, or why it did not; null: no guard is wanted. */
export function judgeGuard(trial: { readonly took: number } | { readonly why: string } | null): Finding {
  if (trial === null)
    return note(
      "guard",
      "--guard off: a crash or a freeze of leader-exec can leave the command running beside the next holder's",
    );
  if ("took" in trial) return ok("guard", `one was started, answered after ${Math.round(trial.took)} ms, and ended`);
  return problem(
    "guard",
    `one could not be started: ${trial.why}`,
    "see that the package is complete, and look for limits of processes or memory (ulimit -u, pids.max)",
  );
}

export type TreeMethod = "auto" | "cgroup" | "proc";

/** `made`: where a cgroup could be made, or why none could; null: not tried. */
export function judgeTree(
  method: TreeMethod,
  made: { readonly home: string } | { readonly reason: string } | null,
): Finding {
  const check = "process tree";
  if (made === null) return note(check, "this is not Linux: only the process group is followed");
  const facts = { method, cgroup: "home" in made ? made.home : null };
  if ("home" in made) {
    const said = `a cgroup v2 can be made in ${made.home}`;
    if (method === "proc")
      return note(check, `${said}, but --process-tree proc searches in /proc alone`, "leave the flag out", facts);
    return ok(
      check,
      `${said}, and ${method === "auto" ? "auto uses it" : "is used"} beside the search in /proc`,
      facts,
    );
  }
  if (method === "cgroup")
    return problem(
      check,
      `--process-tree cgroup, but no cgroup for the command can be had: ${made.reason}`,
      "give leader-exec a cgroup v2 that it may write (systemd: Delegate=yes), or leave the flag out",
      facts,
    );
  const because = `no cgroup for the command can be had: ${made.reason}`;
  if (method === "proc") return ok(check, `the search in /proc, as --process-tree proc asks; ${because}`, facts);
  return ok(check, `auto uses the search in /proc; ${because}`, facts);
}
