/** Finds what is built apart from the main bundle: in dist/ beside it, or in src/ when we run from source (in tests). */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type * as AnnounceBundle from "../bundles/announce.ts";
import type * as AuthBundle from "../bundles/auth.ts";
import type * as CoordinatedBundle from "../bundles/coordinated.ts";
import type * as ExecaBundle from "../bundles/execa.ts";
import type * as HealthBundle from "../bundles/health.ts";
import type * as KubeconfigBundle from "../bundles/kubeconfig.ts";
import type * as MetricsBundle from "../bundles/metrics.ts";
import type * as ScheduleBundle from "../bundles/schedule.ts";

const here = import.meta.url;
const isBuilt = here.endsWith(".cjs");

/** The part that spawns. Rejects when the installed package is incomplete, as the others do. */
export async function loadExeca(): Promise<typeof ExecaBundle> {
  return (await load("execa")) as typeof ExecaBundle;
}

/** The part that reads kubeconfigs. */
export async function loadKubeconfig(): Promise<typeof KubeconfigBundle> {
  return (await load("kubeconfig")) as typeof KubeconfigBundle;
}

/** The part that goes through proxies. */
export async function loadAuth(): Promise<typeof AuthBundle> {
  return (await load("auth")) as typeof AuthBundle;
}

/** The part that answers probes. */
export async function loadHealth(): Promise<typeof HealthBundle> {
  return (await load("health")) as typeof HealthBundle;
}

/** The part that tells the cluster who leads. */
export async function loadAnnounce(): Promise<typeof AnnounceBundle> {
  return (await load("announce")) as typeof AnnounceBundle;
}

/** The part that has us elected by the server. */
export async function loadCoordinated(): Promise<typeof CoordinatedBundle> {
  return (await load("coordinated")) as typeof CoordinatedBundle;
}

/** The part that counts. */
export async function loadMetrics(): Promise<typeof MetricsBundle> {
  return (await load("metrics")) as typeof MetricsBundle;
}

/** The part that reads schedules. */
export async function loadSchedule(): Promise<typeof ScheduleBundle> {
  return (await load("schedule")) as typeof ScheduleBundle;
}

/** Both ways are hidden from esbuild, which would otherwise draw everything into the main bundle. */
async function load(name: string): Promise<unknown> {
  if (isBuilt) return createRequire(here)(`./${name}.cjs`);
  return import(new URL(`../bundles/${name}.ts`, here).href);
}

/** Arguments that make Node run the guard, or what releases a Lease for it. */
export function programOf(name: "guard" | "release"): readonly string[] {
  if (isBuilt) return [fileURLToPath(new URL(`${name}.cjs`, here))];
  return [...process.execArgv, fileURLToPath(new URL(`../${name}-main.ts`, here))];
}
