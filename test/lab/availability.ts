import { buildLab } from "./build.ts";
import { cacheFolder, DEFAULT_VERSION, flawOf } from "./cache.ts";

/** Whether tests can have a lab here: the folder of its programs, or why not and what to do. */
export type LabAvailability =
  { readonly kind: "ready"; readonly folder: string } | { readonly kind: "missing"; readonly reason: string };

/** True where a missing lab is a failure, and a lab that is not there is built. */
export const labIsRequired = (): boolean => process.env["CI"] === "true";

/**
 * Looks for the lab: in KUBEBUILDER_ASSETS when that is set, otherwise in the cache. Builds it only with CI=true. Never
 * throws because something is missing.
 */
export async function labAvailability(version = DEFAULT_VERSION): Promise<LabAvailability> {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets) {
    const flaw = flawOf(assets);
    if (flaw === undefined) return { kind: "ready", folder: assets };
    return missing(`KUBEBUILDER_ASSETS is set, but ${flaw}; correct or unset it`);
  }
  const folder = cacheFolder(version);
  if (flawOf(folder) === undefined) return { kind: "ready", folder };
  if (!labIsRequired()) {
    return missing(`Kubernetes ${version} is not built here; run: npm run lab:build`);
  }
  try {
    return { kind: "ready", folder: await buildLab(version, (line) => console.error(line)) };
  } catch (error) {
    return missing(error instanceof Error ? error.message : String(error));
  }
}

const missing = (why: string): LabAvailability => ({
  kind: "missing",
  reason: `THE LAB IS MISSING: ${why}`,
});
