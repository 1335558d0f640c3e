import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { promisify } from "node:util";

interface Metafile {
  readonly outputs: Record<
    string,
    { readonly bytes: number; readonly inputs: Record<string, { bytesInOutput: number }> }
  >;
}

const options = existsSync("dist/meta.json") ? {} : { skip: "there is no dist folder; run: npm run build" };

/** Size of a bundle, and the packages that have code in it. */
async function bundle(name: string): Promise<{ bytes: number; packages: string[] }> {
  const { outputs } = JSON.parse(await readFile("dist/meta.json", "utf8")) as Metafile;
  const output = outputs[`dist/${name}.cjs`];
  assert.ok(output, `dist/${name}.cjs is not built`);
  const used = Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  const names = used.map(([path]) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return { bytes: output.bytes, packages: [...new Set(names)].filter((each) => each !== undefined).sort() };
}

test("what every start loads has no code for kubeconfigs or proxies in it", options, async () => {
  const packages = [...(await bundle("cli")).packages, ...(await bundle("main")).packages];
  for (const rare of ["js-yaml", "@kubernetes/client-node", "socks-proxy-agent", "socks"])
    assert.ok(!packages.includes(rare), rare);
});

test(
  "what answers --help loads neither the rest of leader-exec nor Node's parts for programs and connections",
  options,
  async () => {
    const script = `process.on("exit", () => console.error(process.moduleLoadList.join("\\n"), Object.keys(require.cache))); require("./dist/cli.cjs")`;
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [
      "-e",
      script,
      "--",
      "leader-exec",
      "--help",
    ]);
    assert.match(stdout, /^Usage: leader-exec/);
    for (const heavy of ["NativeModule child_process", "NativeModule net", "NativeModule https", "main.cjs"])
      assert.ok(!stderr.includes(heavy), heavy);
  },
);

test(
  "reading a kubeconfig takes a YAML parser and KubeConfig alone, of the one version that was tried",
  options,
  async () => {
    const { bytes, packages } = await bundle("kubeconfig");
    assert.deepEqual(packages, ["@kubernetes/client-node", "js-yaml"]);
    assert.ok(bytes < 80_000, `${bytes} bytes`);
    const { devDependencies } = JSON.parse(await readFile("package.json", "utf8")) as {
      devDependencies: Record<string, string>;
    };
    // dist/config.js is no documented path: a new version has to be looked at.
    assert.match(devDependencies["@kubernetes/client-node"] ?? "", /^\d+\.\d+\.\d+$/);
  },
);

test("loading the bundles prints nothing, and a wrong kubeconfig comes back as a sentence", options, async () => {
  const script = `require("./dist/auth.cjs"); console.log(require("./dist/kubeconfig.cjs").kubeconfigAccess(["/nowhere"]))`;
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ["--trace-deprecation", "-e", script]);
  assert.equal(stderr, "");
  assert.match(stdout, /^cannot use the kubeconfig \/nowhere: it does not exist;/);
});
