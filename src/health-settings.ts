/** What can be asked from outside, and where, from the flags. */
import type { BindAddress, HealthOptions, ReadyWhen } from "./options.ts";
import type { Settings } from "./settings.ts";
import * as value from "./values.ts";

type Read = <T>(name: string, as: (given: value.Given) => T) => T | undefined;

/** Throws UsageError. */
export function healthOptions(read: Read, settings: Settings): HealthOptions {
  const probes = read("health-probe-bind-address", bindAddressValue) ?? null;
  const metrics = read("metrics-bind-address", bindAddressValue) ?? null;
  const readyWhen = read("ready-when", (given) => value.choiceValue<ReadyWhen>(given, ["standby", "leading"]));
  const by = settings.get("ready-when")?.by;
  if (probes === null && by?.startsWith("-") === true)
    throw new value.UsageError(
      `${by} was given, but nobody can ask whether we are ready; add --health-probe-bind-address :8081, or leave ${by} out`,
    );
  return { probes, metrics, readyWhen: readyWhen ?? "standby" };
}

/** As controller-runtime and Go's net.Listen take it: a host or none, and a port; "0" is off. */
function bindAddressValue(given: value.Given): BindAddress | null {
  if (given.text === "0") return null;
  const parts = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([\w.-]*)):(\d{1,5})$/i.exec(given.text);
  const port = Number(parts?.[3]);
  if (parts === null || port > 65_535)
    throw value.wrong(
      given,
      "is no address to listen on; give a port as in :8081, or a host too as in 127.0.0.1:8081 or [::1]:8081, or 0 for none",
    );
  return { ...given, host: parts[1] ?? (parts[2] || undefined), port };
}
