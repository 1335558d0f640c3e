import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Engine } from "./engine.ts";

const programs = ["buildah", "runc", "debootstrap", "chroot"];
const packages = "apt-get install -y buildah runc debootstrap";

/**
 * A group of tests that share one folder of images and containers. Where they cannot be made the group is skipped with
 * the reason and what to do, and with CI=true it fails.
 */
export function describeWithEngine(title: string, body: (engine: () => Engine) => void): void {
  const reason = whyNot();
  if (reason !== undefined) {
    test(title, process.env["CI"] === "true" ? {} : { skip: reason }, () => {
      throw new Error(reason);
    });
    return;
  }
  describe(title, () => {
    let engine: Engine | undefined;
    before(async () => {
      engine = await Engine.open((line) => console.error(line));
    });
    after(() => engine?.close());
    body(() => {
      if (!engine) throw new Error("images are there only while tests run, not while they are declared");
      return engine;
    });
  });
}

function whyNot(): string | undefined {
  const missing = programs.filter((program) => !isOnPath(program));
  const because = (why: string): string => `THE IMAGE IS NOT TESTED: ${why}`;
  if (process.platform !== "linux") return because("it takes Linux");
  if (process.getuid?.() !== 0) return because("building images and running containers here takes root");
  if (missing.length > 0) return because(`${missing.join(", ")} not found; run: ${packages}`);
  if (!readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n"))
    return because("the kernel has no overlay file system");
  return undefined;
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false; // perhaps in the next folder
    }
  });
}
