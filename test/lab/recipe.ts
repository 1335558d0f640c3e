/**
 * What the lab's binary is built from: its go.mod and the arguments of `go build`. k8s.io/kubernetes requires its own staging modules at v0.0.0 and replaces them by
 * folders that are not part of the module; replaces do not reach importers, so they are made here, to the same
 * modules as published.
 */

/** A Kubernetes version the lab can be built from: `v1.N.P`. */
export interface KubernetesVersion {
  readonly text: string;
  readonly minor: string;
  readonly patch: string;
}

/** Reads `v1.37.2`. Throws a sentence for anything else: pre-releases have no published staging modules. */
export function parseVersion(text: string): KubernetesVersion {
  const [, minor, patch] = /^v1\.(\d+)\.(\d+)$/.exec(text) ?? [];
  if (minor === undefined || patch === undefined) {
    throw new Error(`"${text}" is no Kubernetes release; give one like v1.37.2`);
  }
  return { text, minor, patch };
}

/** What the published go.mod of k8s.io/kubernetes leads to. */
export interface DerivedModule {
  readonly goMod: string;
  /** The language version that this release was published with, as a number: 1.19 is 19. */
  readonly publishedGo: number;
}

/** Derives the lab's go.mod from the text of the published one. Throws when a line that it needs is missing. */
export function deriveModule(version: KubernetesVersion, published: string): DerivedModule {
  const publishedGo = /^go 1\.(\d+)/m.exec(published)?.[1];
  const etcd = /^\s*go\.etcd\.io\/etcd\/client\/v3 (\S+)/m.exec(published)?.[1];
  if (publishedGo === undefined || etcd === undefined) {
    throw new Error(`the go.mod of k8s.io/kubernetes ${version.text} has no go or etcd client line`);
  }
  const staging = [...published.matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0$/gm)].map((line) => line[1]);
  const release = `v0.${version.minor}.${version.patch}`;
  const goMod = [
    "module leader-exec.invalid/lab",
    "",
    // Go reads go.mod of 1.20 and older by other rules, and 1.21 is the oldest that newer modules accept.
    Number(publishedGo) < 21 ? "go 1.21" : (/^go \S+$/m.exec(published)?.[0] ?? ""),
    "",
    `require k8s.io/kubernetes ${version.text}`,
    `require go.etcd.io/etcd/server/v3 ${etcd}`,
    "",
    ...staging.map((name) => `replace ${String(name)} => ${String(name)} ${release}`),
    "",
  ].join("\n");
  return { goMod, publishedGo: Number(publishedGo) };
}

/** The packages that the version is stamped into, as Kubernetes' own build does: /version answers from either. */
const stamped = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];

/** The arguments of go that build `built/lab`. `toolchain` is the Go that runs, like go1.26.0. */
export function buildArguments(version: KubernetesVersion, module: DerivedModule, toolchain: string): string[] {
  const installed = Number(/^go1\.(\d+)/.exec(toolchain)?.[1]);
  const values = `gitVersion=${version.text} gitMajor=1 gitMinor=${version.minor}`.split(" ");
  const linker = [
    "-s -w",
    ...stamped.flatMap((name) => values.map((value) => `-X ${name}.${value}`)),
    // Go 1.23 forbids reaching into the standard library as older dependencies do.
    ...(module.publishedGo < 23 && installed >= 23 ? ["-checklinkname=0"] : []),
  ];
  // -mod=mod writes the missing lines of go.mod and go.sum. `go mod tidy` would load the tests of all dependencies too.
  const flags = ["-mod=mod", "-trimpath", "-tags=grpcnotrace", "-buildvcs=false"];
  return ["build", ...flags, `-ldflags=${linker.join(" ")}`, "-o", "built/lab", "."];
}
