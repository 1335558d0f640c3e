import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { accessSync, constants } from "node:fs";
import { dirname, join } from "node:path";
import { go, sweep } from "../lab/build.ts";
import { builtFolder } from "../lab/cache.ts";

/** The client-go that is contended with, as released. */
export const clientGo = "v0.37.2";

const source = join(import.meta.dirname, "go", "main.go");

const goMod = [
  "module leader-exec.invalid/elector",
  "",
  "go 1.26.0",
  "",
  `require k8s.io/api ${clientGo}`,
  `require k8s.io/apimachinery ${clientGo}`,
  `require k8s.io/client-go ${clientGo}`,
  "",
].join("\n");

/**
 * The path of the elector, built into the lab's cache when it is not there: 10 s when Go has the packages cached, as it
 * has after a lab was built. Throws a sentence when Go is missing, too old, or fails.
 */
export async function buildElector(): Promise<string> {
  const folder = builtFolder(`client-go-${clientGo}`, [source, import.meta.filename]);
  const elector = join(folder, "elector");
  if (canRun(elector)) return elector;
  await mkdir(dirname(folder), { recursive: true });
  await sweep(dirname(folder));
  const scratch = await mkdtemp(`${folder}.building-${process.pid}-`);
  try {
    await writeFile(join(scratch, "go.mod"), goMod);
    await copyFile(source, join(scratch, "main.go"));
    // The flags of the lab's build, so that what that left in Go's cache is of use.
    await go(
      ["build", "-mod=mod", "-trimpath", "-tags=grpcnotrace", "-buildvcs=false", "-o", "built/elector"],
      scratch,
    );
    await rename(join(scratch, "built"), folder).catch((error: unknown) => {
      if (!canRun(elector)) throw error; // otherwise another build was faster
    });
    return elector;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

function canRun(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
