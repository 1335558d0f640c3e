/** Flags that are not given may come from the environment: LEADER_EXEC_LEASE_NAME for --lease-name. */
import { flags, variableOf } from "./flags.ts";
import type { Settings } from "./settings.ts";

/** Of these one is meant: a flag wins over the variable of another. */
const exclusive: readonly (readonly string[])[] = [
  ["log-level", "verbose", "quiet"],
  ["wait", "nonblock"],
];

/**
 * Flags win; an empty variable counts as not set, since manifests and scripts can hardly leave one out.
 * @param names the flags whose variables count
 */
export function withEnvironment(
  given: Settings,
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[] = flags.map(({ name }) => name),
): Settings {
  const settings = new Map(given);
  const rivals = exclusive.filter((each) => each.some((name) => given.has(name))).flat();
  for (const flag of flags) {
    const by = variableOf(flag);
    const text = env[by];
    if (!text || given.has(flag.name) || rivals.includes(flag.name) || !names.includes(flag.name)) continue;
    settings.set(flag.name, { by, text });
  }
  return settings;
}
