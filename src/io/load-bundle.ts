/** Finds what is built apart from the main bundle: in dist/ beside it, or in src/ when we run from source (in tests). */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import type * as ExecaBundle from "../bundles/execa.ts";

const here = import.meta.url;
const isBuilt = here.endsWith(".cjs");

/** The part that spawns. Rejects when the installed package is incomplete. */
export async function loadExeca(): Promise<typeof ExecaBundle> {
  // Both ways are hidden from esbuild, which would otherwise draw execa into the main bundle.
  if (isBuilt) return createRequire(here)("./execa.cjs") as typeof ExecaBundle;
  return (await import(new URL("../bundles/execa.ts", here).href)) as typeof ExecaBundle;
}

/** Arguments that make Node run the guard. */
export function guardProgram(): readonly string[] {
  if (isBuilt) return [fileURLToPath(new URL("guard.cjs", here))];
  return [...process.execArgv, fileURLToPath(new URL("../guard-main.ts", here))];
}
