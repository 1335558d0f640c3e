import { flag, group } from "./flag.ts";

/** What can be asked from outside (without leader election too), and what the cluster is told. */
export const healthFlags = group(
  "Seen from outside",
  flag(
    "health-probe-bind-address",
    "ADDR",
    "0 (off)",
    "answer /healthz, /readyz and /leader there: :8081, 127.0.0.1:8081 or [::1]:8081",
    { election: false },
  ),
  flag(
    "metrics-bind-address",
    "ADDR",
    "0 (off)",
    "answer /metrics there, for Prometheus; the same address as for the probes is shared",
    { election: false },
  ),
  flag(
    "ready-when",
    "standby|leading",
    "standby",
    "who is ready: all that can take over, or only the one whose command runs",
    { election: false },
  ),
  flag("events", null, "false", "record Kubernetes Events on the Lease: who became leader, who stopped leading"),
  flag(
    "label-pod",
    "KEY=VALUE",
    "none",
    "put this label on our own pod while it leads, for a Service that routes there",
  ),
);
