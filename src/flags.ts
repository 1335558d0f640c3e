/** Every flag once: the command line, the environment variables, --help and the README's table all come from here. */
import { coordinatedFlags } from "./coordinated-flags.ts";
import { flag, group, type Flag, type Group } from "./flag.ts";
import { healthFlags } from "./health-flags.ts";
import { jobFlags } from "./job-flags.ts";

export type { Flag } from "./flag.ts";

const timingPrefix = "leader-elect";

export const flagGroups: readonly Group[] = [
  group(
    "Election",
    flag(
      "enable-leader-election",
      null,
      "false",
      "run the command only while holding the Lease; without it the command runs directly",
      { aliases: ["leader-elect", "leader-election"], election: false },
    ),
    flag("lease-name", "NAME", "leader-exec", "name of the Lease; candidates for one job share it", {
      aliases: ["leader-elect-resource-name"],
    }),
    flag("lease-namespace", "NS", "the context's or the pod's", "namespace of the Lease", {
      short: "n",
      aliases: ["namespace", "leader-elect-resource-namespace"],
    }),
    flag(
      "identity",
      "ID",
      "POD_NAME or the host name",
      "who we are in the Lease; a random suffix makes it unique per process",
    ),
    flag(
      "lease-store",
      "STORE",
      "kubernetes",
      "where the Lease is: kubernetes, or file:DIR for processes on one machine, without a cluster",
    ),
  ),
  group(
    "Timing",
    flag("lease-duration", "D", "15s", "others wait this long after the last renewal; whole seconds, at least 4s", {
      aliases: [`${timingPrefix}-lease-duration`],
    }),
    flag("renew-deadline", "d", "2/3 of D (10s)", "stop leading when no renewal succeeded for this long", {
      aliases: [`${timingPrefix}-renew-deadline`],
    }),
    flag("retry-period", "p", "1/5 of d (2s)", "time between renewals", { aliases: [`${timingPrefix}-retry-period`] }),
    flag(
      "startup-timeout",
      "T",
      "2m",
      "give up when the Lease could be neither read nor created in this time after the start; 0: never",
    ),
  ),
  jobFlags,
  coordinatedFlags,
  group(
    "Stopping the command",
    flag(
      "stop-signal",
      "SIG",
      "SIGTERM",
      "first signal when leadership is lost; when given, it also replaces a SIGTERM sent to leader-exec",
      { short: "s", aliases: ["signal"], election: false },
    ),
    flag(
      "kill-after",
      "g",
      "3s",
      "on loss, and after --max-run: time from the stop signal to SIGKILL of the whole process tree",
      { short: "k" },
    ),
    flag(
      "termination-grace-period",
      "G",
      "25s",
      "the same when leader-exec itself is told to stop; the Lease is renewed all that time",
      { election: false },
    ),
    flag("lost-exit-code", "N", "75", "exit code after a loss of leadership"),
    flag(
      "guard",
      "on|off",
      "on",
      "a second process that kills the command in time when leader-exec cannot (killed, frozen, crashed)",
      { election: false },
    ),
    flag(
      "process-tree",
      "auto|cgroup|proc",
      "auto",
      "how all that the command starts is followed: in a cgroup v2 of its own, which auto uses where it may make one, or by a search in /proc alone",
      { election: false },
    ),
  ),
  group(
    "Cluster",
    flag("kubeconfig", "FILE", "KUBECONFIG, in-cluster, ~/.kube/config", "the kubeconfig to use"),
    flag("context", "NAME", "the current context", "the context of the kubeconfig to use"),
  ),
  healthFlags,
  group(
    "Output (stderr only)",
    flag("log-format", "text|json", "text", "form of each line", { election: false }),
    flag("log-level", "LEVEL", "info", "error, warn, info or debug", { election: false }),
    flag("verbose", null, "false", "the same as --log-level debug", { short: "v", election: false }),
    flag("quiet", null, "false", "print nothing when the command ran and ended by itself; errors still print", {
      short: "q",
      election: false,
    }),
  ),
];

export const flags: readonly Flag[] = flagGroups.flatMap((each) => each.flags);

/** "LEADER_EXEC_LEASE_NAME" */
export function variableOf({ name }: Flag): string {
  return `LEADER_EXEC_${name.toUpperCase().replaceAll("-", "_")}`;
}

/** As --help and the README show it: "-n, --lease-namespace NS", "--enable-leader-election[=bool]". */
export function termOf({ name, short, value, choices = "bool" }: Flag): string {
  const long = value === null ? `--${name}${short === undefined ? `[=${choices}]` : ""}` : `--${name} ${value}`;
  return short === undefined ? long : `-${short}, ${long}`;
}
