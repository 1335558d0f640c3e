import { existsSync, readFileSync } from "node:fs";

/** Debian's package of buildah brings it; container engines and Kubernetes (RuntimeDefault) use nearly the same list. */
const profile = "/usr/share/containers/seccomp.json";

interface Rule {
  readonly includes?: { readonly arches?: readonly string[]; readonly caps?: readonly string[] };
  readonly excludes?: object;
}

interface Profile {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly archMap: readonly { readonly architecture: string; readonly subArchitectures: readonly string[] }[];
  readonly syscalls: readonly Rule[];
}

const architecture =
  process.arch === "arm64" ? { oci: "SCMP_ARCH_AARCH64", go: "arm64" } : { oci: "SCMP_ARCH_X86_64", go: "amd64" };

/** The system calls that a container without capabilities gets, as OCI's specification wants them; undefined: all. */
export function seccomp(): object | undefined {
  if (!existsSync(profile)) return undefined;
  const { defaultAction, defaultErrnoRet, archMap, syscalls } = JSON.parse(readFileSync(profile, "utf8")) as Profile;
  const family = archMap.find((entry) => entry.architecture === architecture.oci);
  return {
    defaultAction,
    defaultErrnoRet,
    architectures: [architecture.oci, ...(family?.subArchitectures ?? [])],
    syscalls: syscalls.filter(appliesHere).map((rule) => ({ ...rule, includes: undefined, excludes: undefined })),
  };
}

function appliesHere({ includes = {} }: Rule): boolean {
  const { arches, caps } = includes;
  return caps === undefined && (arches?.includes(architecture.go) ?? true);
}
