import { execFileSync, spawnSync } from "node:child_process";

/** Debian's packages that a cluster is made of. */
const packages = [
  ...["containerd", "runc", "containernetworking-plugins", "iproute2", "nftables", "procps"],
  ...["buildah", "debootstrap", "gcc", "libc6-dev"],
];

/** Why there can be no cluster here, and what to do; undefined when there can. As root, installs packages that are missing. */
export function whyNoCluster(say: (line: string) => void): string | undefined {
  if (process.platform !== "linux") return "a cluster takes Linux";
  const missing = packages.filter((name) => !isInstalled(name));
  const command = `apt-get install -y --no-install-recommends ${missing.join(" ")}`;
  if (process.getuid?.() !== 0) {
    const first = missing.length > 0 ? `, and these Debian packages before that: ${missing.join(" ")}` : "";
    return `a cluster takes root (namespaces, containers, mounts); run this with sudo${first}`;
  }
  if (missing.length === 0) return undefined;
  say(`installing Debian packages that are missing: ${missing.join(" ")}`);
  const install = ["-y", "-qq", "--no-install-recommends", ...missing];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  spawnSync("apt-get", ["update", "-qq"], { stdio: "inherit", env });
  const { status } = spawnSync("apt-get", ["install", ...install], { stdio: "inherit", env });
  return status === 0 ? undefined : `Debian packages could not be installed; run: ${command}`;
}

function isInstalled(name: string): boolean {
  try {
    const told = execFileSync("dpkg-query", ["-W", "-f=${Status}", name], { encoding: "utf8", stdio: "pipe" });
    return told.includes("ok installed");
  } catch {
    return false; // unknown to dpkg, or there is no dpkg: then it says what to install
  }
}
