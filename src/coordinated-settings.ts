/** Coordinated leader election, from the flags. */
import { compareVersions, parseVersion, type Version } from "./core/semver.ts";
import type { CoordinatedOptions } from "./options.ts";
import type { Settings } from "./settings.ts";
import * as value from "./values.ts";

type Read = <T>(name: string, as: (given: value.Given) => T) => T | undefined;

const oldestEmulation = "OldestEmulationVersion";
const details = ["candidate-version", "emulation-version", "strategy"];
/** The server knows nothing of these. */
const contradictions = {
  wait: "gives up after a while, but",
  nonblock: "does not wait, but",
  "hold-at-least": "is a pause that only candidates keep which elect among themselves, but",
};

/** Null: the candidates elect among themselves. Throws UsageError. */
export function coordinatedOptions(read: Read, settings: Settings): CoordinatedOptions | null {
  const mode = read("coordinated", modeValue) ?? "never";
  const by = settings.get("coordinated")?.by ?? "";
  if (mode === "never") {
    const alone = details.map((name) => settings.get(name)).find((each) => each?.by.startsWith("-"));
    if (alone === undefined) return null;
    throw new value.UsageError(
      `${alone.by} was given, but no --coordinated that it could mean; add it, or leave ${alone.by} out`,
    );
  }
  refuseContradictions(settings, by);
  const strategy = read("strategy", strategyValue) ?? oldestEmulation;
  const binary = read("candidate-version", (given) => versionValue(given, strategy));
  if (binary === undefined)
    throw new value.UsageError(
      `${by} needs the version of the command's program, by which the server elects; add --candidate-version, for example 1.2.3`,
    );
  const emulation = read("emulation-version", (given) => versionValue(given, strategy)) ?? binary;
  if (compareVersions(emulation.version, binary.version) > 0)
    throw new value.UsageError(
      `${emulation.by} "${emulation.text}" is higher than ${binary.by} "${binary.text}", and no program behaves like a later one; give the same or a lower one`,
    );
  return { mode, binaryVersion: binary.text, emulationVersion: emulation.text, strategy };
}

function refuseContradictions(settings: Settings, by: string): void {
  for (const [name, why] of Object.entries(contradictions)) {
    const other = settings.get(name);
    if (other !== undefined)
      throw new value.UsageError(
        `${other.by} ${why} with ${by} the API server elects, whenever it does; leave one of the two out`,
      );
  }
  const store = settings.get("lease-store");
  if (store !== undefined && store.text !== "kubernetes")
    throw new value.UsageError(
      `${by} has the API server elect, and ${store.by} "${store.text}" has none; leave one of the two out`,
    );
}

function modeValue(given: value.Given): CoordinatedOptions["mode"] | "never" {
  if (given.text === "true") return "auto";
  if (given.text === "false") return "never";
  return value.choiceValue(given, ["auto", "always", "never"] as const);
}

type GivenVersion = value.Given & { readonly version: Version };

/** With that strategy the server takes 0.0.0 for none at all. */
function versionValue(given: value.Given, strategy: string): GivenVersion {
  const version = parseVersion(given.text);
  if (version === null) {
    const near = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(given.text);
    const example =
      near === null ? "1.2.3 or 1.2.3-rc.1" : [near[1], near[2] ?? "0", near[3] ?? "0"].map(Number).join(".");
    throw value.wrong(
      given,
      `is no semantic version (semver.org), as the API server wants it; give three numbers without "v", for example ${example}`,
    );
  }
  const isZero = version.numbers.every((each) => each === 0n) && version.preRelease.length === 0;
  if (isZero && strategy === oldestEmulation)
    throw value.wrong(given, `counts as no version with the strategy ${oldestEmulation}; give a higher one`);
  return { ...given, version };
}

/** A name of Kubernetes' own, or a qualified name (the API server's rule). */
function strategyValue(given: value.Given): string {
  const domain =
    /^(?=.{1,253}\/)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\/[A-Za-z0-9]([-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
  if (given.text === oldestEmulation || domain.test(given.text)) return given.text;
  throw value.wrong(
    given,
    `is no strategy that the API server takes; give ${oldestEmulation}, or one of your own controller as example.com/Name`,
  );
}
