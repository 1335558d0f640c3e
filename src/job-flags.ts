/** The flags of jobs: waiting, pausing, limits, times. */
import { flag, group } from "./flag.ts";

export const jobFlags = group(
  "Jobs",
  flag("wait", "T", "for ever", "give up when the Lease was not acquired in this time after the start; 0: --nonblock", {
    short: "w",
  }),
  flag("nonblock", null, "false", "do not wait while somebody else holds the Lease; -n is the namespace"),
  flag("conflict-exit-code", "N", "1", "exit code when --wait or --nonblock gave up", { short: "E" }),
  flag(
    "hold-at-least",
    "T",
    "0s",
    "nobody else runs the command before this long after it was acquired, however short the run was",
  ),
  flag(
    "once",
    "KEY",
    "each time",
    "run until it has succeeded once: this is recorded on the Lease, and from then on nobody runs it and all end with 0",
  ),
  flag("once-ttl", "T", "for ever", "--once forgets a success after this time"),
  flag(
    "schedule",
    "CRON",
    "none: run once",
    "run the command at these times while leading: five fields (minute hour day month weekday), or six with seconds first",
  ),
  flag("time-zone", "ZONE", "the process's (TZ)", "the time zone of --schedule, as in Europe/Berlin"),
  flag("catch-up", "none|last", "none", "what to run of the ticks of --schedule that nobody was there for"),
  flag("max-run", "T", "0s (no limit)", "stop a command that runs longer: stop signal, --kill-after, exit code 124", {
    election: false,
  }),
);
