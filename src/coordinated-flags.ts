import { flag, group } from "./flag.ts";

/** Coordinated leader election: the server chooses among the candidates. */
export const coordinatedFlags = group(
  "Coordinated leader election (kube-apiserver elects)",
  flag(
    "coordinated",
    null,
    "never",
    "have the API server elect the leader; where it does not, auto elects the plain way and always waits",
    { choices: "auto|always|never" },
  ),
  flag("candidate-version", "SEMVER", "none", "the version of the command's program; --coordinated needs it"),
  flag("emulation-version", "SEMVER", "--candidate-version", "the version that it behaves like: the oldest one leads"),
  flag("strategy", "NAME", "OldestEmulationVersion", "how to elect; DOMAIN/NAME for a controller of your own"),
);
