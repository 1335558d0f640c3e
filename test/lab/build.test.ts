import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { labAvailability } from "./availability.ts";
import { buildLab } from "./build.ts";
import { cacheFolder, DEFAULT_VERSION, flawOf } from "./cache.ts";
import { buildArguments, deriveModule, parseVersion } from "./recipe.ts";
import { until } from "./until.ts";

const published = `module k8s.io/kubernetes

go 1.26.0

require (
	go.etcd.io/etcd/client/v3 v3.7.0
	k8s.io/api v0.0.0
	k8s.io/gengo/v2 v2.0.0-20250922181213-ec3ebc5fd46b
	k8s.io/kubelet v0.0.0
)
`;

test("the go.mod of the lab replaces exactly the staging modules, by themselves as published", () => {
  const { goMod, publishedGo } = deriveModule(parseVersion("v1.37.2"), published);
  assert.equal(publishedGo, 26);
  assert.equal(
    goMod,
    `module leader-exec.invalid/lab

go 1.26.0

require k8s.io/kubernetes v1.37.2
require go.etcd.io/etcd/server/v3 v3.7.0

replace k8s.io/api => k8s.io/api v0.37.2
replace k8s.io/kubelet => k8s.io/kubelet v0.37.2
`,
  );
});

test("a release from before Go 1.21 gets the oldest go line that still works", () => {
  const old = published.replace("go 1.26.0", "go 1.19");
  assert.match(deriveModule(parseVersion("v1.26.15"), old).goMod, /^go 1\.21$/m);
});

test("only a new Go and an old release need the linker to look away", () => {
  const flags = (goLine: string, toolchain: string): string => {
    const version = parseVersion("v1.26.15");
    const module = deriveModule(version, published.replace("go 1.26.0", goLine));
    return buildArguments(version, module, toolchain).join(" ");
  };
  assert.match(flags("go 1.19", "go1.26.1"), /-checklinkname=0/);
  assert.doesNotMatch(flags("go 1.19", "go1.22.1"), /-checklinkname/);
  assert.doesNotMatch(flags("go 1.26.0", "go1.26.1"), /-checklinkname/);
});

test("what is no release is refused", () => {
  for (const text of ["1.37.2", "v1.37", "v1.37.0-rc.1", "latest"]) {
    assert.throws(() => parseVersion(text), /is no Kubernetes release/);
  }
});

/** Stands in for go: `build` writes half a binary, waits for the file `go-on` beside it, and writes the rest. */
const fakeGo = (folder: string): string => `#!/bin/sh
case $1 in
  list) echo '{"GoMod":"${folder}/published.mod"}' ;;
  env) echo go1.26.0 ;;
  build)
    mkdir -p built
    printf '#!/bin/sh\\n' >built/lab
    until [ -e ${folder}/go-on ] || ! [ -d ${folder} ]; do sleep 0.01; done
    chmod +x built/lab ;;
esac
`;

describe("a build", () => {
  let folder: string;
  const environment = { ...process.env };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "leader-exec-build-"));
    await writeFile(join(folder, "published.mod"), published);
    await writeFile(join(folder, "go"), fakeGo(folder));
    await chmod(join(folder, "go"), 0o755);
    process.env["LEADER_EXEC_LAB_CACHE"] = folder;
    process.env["PATH"] = `${folder}:${environment["PATH"] ?? ""}`;
    delete process.env["KUBEBUILDER_ASSETS"];
    delete process.env["CI"];
  });

  afterEach(async () => {
    process.env = { ...environment };
    await writeFile(join(folder, "go-on"), "");
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  const left = (): Promise<string[]> => readdir(dirname(cacheFolder(DEFAULT_VERSION)));
  const halfDone = (count: number) =>
    until("half a binary", async () => (await left().catch(() => [])).length >= count);

  test("appears complete or not at all, also when two run at once", async () => {
    const both = [buildLab(DEFAULT_VERSION, () => 0), buildLab(DEFAULT_VERSION, () => 0)];
    await halfDone(2);
    assert.notEqual(flawOf(cacheFolder(DEFAULT_VERSION)), undefined);
    await writeFile(join(folder, "go-on"), "");
    const built = cacheFolder(DEFAULT_VERSION);
    assert.deepEqual(await Promise.all(both), [built, built]);
    assert.equal(flawOf(built), undefined);
    assert.equal((await left()).length, 1, "no scratch folder is left");
  });

  test("that is killed leaves nothing that looks built, and the next one clears it away", async () => {
    const cli = join(import.meta.dirname, "build-cli.ts");
    const child = spawn(process.execPath, ["--import", "tsx", cli], { stdio: "ignore" });
    await halfDone(1);
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.equal((await labAvailability()).kind, "missing");
    await writeFile(join(folder, "go-on"), "");
    await buildLab(DEFAULT_VERSION, () => 0);
    assert.equal((await left()).length, 1);
  });

  test("happens by itself only with CI=true; otherwise a missing lab says what to run", async () => {
    await writeFile(join(folder, "go-on"), "");
    const found = await labAvailability();
    assert.match(found.kind === "missing" ? found.reason : "", /MISSING.*npm run lab:build/);
    process.env["CI"] = "true";
    assert.deepEqual(await labAvailability(), {
      kind: "ready",
      folder: cacheFolder(DEFAULT_VERSION),
    });
  });

  test("without Go, or with one that fails, gives the reason instead of a lab", async () => {
    process.env["CI"] = "true";
    await writeFile(join(folder, "go"), "#!/bin/sh\necho 'go: requires go >= 1.26.0' >&2\nexit 1\n");
    let found = await labAvailability();
    assert.match(found.kind === "missing" ? found.reason : "", /go list failed:\ngo: requires go >=/);
    process.env["PATH"] = "/nonexistent";
    found = await labAvailability();
    assert.match(found.kind === "missing" ? found.reason : "", /install Go/);
  });

  test("is not needed where KUBEBUILDER_ASSETS has the programs; a wrong folder is named", async () => {
    process.env["KUBEBUILDER_ASSETS"] = folder;
    const found = await labAvailability();
    assert.match(found.kind === "missing" ? found.reason : "", /kube-apiserver cannot be run \(ENOENT/);
    for (const program of ["kube-apiserver", "etcd"]) {
      await writeFile(join(folder, program), "", { mode: 0o755 });
    }
    assert.deepEqual(await labAvailability(), { kind: "ready", folder });
  });
});
