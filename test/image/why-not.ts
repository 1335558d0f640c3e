import { execFileSync } from "node:child_process";
import { accessSync, constants, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const programs = ["buildah", "runc", "debootstrap", "chroot", "unshare"];
const packages = "apt-get install -y buildah runc debootstrap";

/** Why images cannot be built and containers not be run here, and what to do; undefined: they can. */
export function whyNot(): string | undefined {
  const missing = programs.filter((program) => !isOnPath(program));
  const because = (why: string): string => `THE IMAGE IS NOT TESTED: ${why}`;
  if (process.platform !== "linux") return because("it takes Linux");
  if (process.getuid?.() !== 0) return because("building images and running containers here takes root");
  if (missing.length > 0) return because(`${missing.join(", ")} not found; run: ${packages}`);
  if (!readFileSync("/proc/filesystems", "utf8").includes("\toverlay\n"))
    return because("the kernel has no overlay file system");
  const trouble = tryMount();
  if (trouble !== undefined) return because(`namespaces or overlay mounts are not allowed here (${trouble})`);
  return undefined;
}

/** What container engines do all the time, and what is not allowed inside of many containers. */
function tryMount(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), "leader-exec-mount-"));
  try {
    for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(join(folder, name));
    const layers = "lowerdir=lower,upperdir=upper,workdir=work";
    const mount = ["mount", "-t", "overlay", "overlay", "-o", layers, "merged"];
    execFileSync("unshare", ["--mount", "--pid", "--fork", ...mount], { cwd: folder, stdio: "pipe" });
    return undefined;
  } catch (error) {
    return error instanceof Error ? (error.message.trim().split("\n").at(-1) ?? "") : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
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

// For scripts: prints the reason, if there is one.
if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(whyNot() ?? "");
