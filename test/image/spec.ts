import type { Image } from "./engine.ts";
import { seccomp } from "./seccomp.ts";

export interface ContainerOptions {
  /** Instead of the image's entry point. */
  readonly entrypoint?: readonly string[];
  readonly env?: readonly string[];
  /** Folders of this machine: path in the container -> path here. */
  readonly volumes?: Readonly<Record<string, string>>;
  /** Files that the container must do without: nobody can read or execute them. */
  readonly hidden?: readonly string[];
  /** Options of its /proc, like hidepid=2. */
  readonly proc?: readonly string[];
  /** Join the pid namespace of this process (of this machine), as `shareProcessNamespace: true` does. */
  readonly pidNamespaceOf?: number;
}

/**
 * The container as OCI's runtime specification describes it, with what a pod's securityContext asks for: runAsNonRoot,
 * readOnlyRootFilesystem, allowPrivilegeEscalation false, capabilities drop ALL, seccompProfile RuntimeDefault. /dev/shm is
 * the only place to write.
 */
export function specOf(id: string, image: Image, args: readonly string[], options: ContainerOptions): object {
  const { entrypoint = image.config.Entrypoint ?? [], env = [], volumes = {}, hidden = [], proc = [] } = options;
  const command = args.length > 0 ? args : options.entrypoint === undefined ? (image.config.Cmd ?? []) : [];
  const [uid = 0, gid = 0] = (image.config.User ?? "").split(":").map(Number);
  const mount = (destination: string, type: string, more: readonly string[]): object => ({
    destination,
    type,
    source: type,
    options: ["nosuid", "noexec", ...more],
  });
  const bind = (destination: string, source: string): object => ({ destination, source, options: ["bind", "rw"] });
  const pid = options.pidNamespaceOf;
  return {
    ociVersion: "1.0.2",
    process: {
      user: { uid, gid },
      args: [...entrypoint, ...command],
      env: [...(image.config.Env ?? []), ...env],
      cwd: image.config.WorkingDir || "/",
      noNewPrivileges: true,
      capabilities: { bounding: [], effective: [], permitted: [], ambient: [] },
    },
    root: { path: image.root, readonly: true },
    hostname: id,
    mounts: [
      mount("/proc", "proc", ["nodev", ...proc]),
      mount("/dev", "tmpfs", ["strictatime", "mode=755", "size=65536k"]),
      mount("/dev/pts", "devpts", ["newinstance", "ptmxmode=0666", "mode=0620"]),
      mount("/dev/shm", "tmpfs", ["nodev", "mode=1777", "size=65536k"]),
      mount("/sys", "sysfs", ["nodev", "ro"]),
      ...Object.entries(volumes).map(([destination, source]) => bind(destination, source)),
      ...hidden.map((destination) => bind(destination, "/dev/null")),
    ],
    linux: {
      cgroupsPath: `/${id}`,
      seccomp: seccomp(),
      namespaces: [
        { type: "pid", ...(pid === undefined ? {} : { path: `/proc/${pid}/ns/pid` }) },
        ...["mount", "network", "ipc", "uts"].map((type) => ({ type })),
      ],
      // What container engines hide by default.
      maskedPaths: ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware"],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}
