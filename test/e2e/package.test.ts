import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { tmpdir } from "node:os";
import { bundledPackages } from "../../scripts/third-party.mjs";

const root = join(import.meta.dirname, "..", "..");

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

describe("the package that npm pack makes", () => {
  const folder = mkdtempSync(join(tmpdir(), "leader-exec-package-"));
  const npm = (...args: string[]): string =>
    execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  let packed: Packed;

  before(() => {
    // --ignore-scripts: the build was made before the tests, and other tests are using it.
    const [first] = JSON.parse(npm("pack", root, "--json", "--ignore-scripts")) as Packed[];
    assert.ok(first);
    packed = first;
    npm("install", "--offline", "--no-audit", "--no-fund", "--prefix", folder, join(folder, packed.filename));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("holds the program, its notices and its documents, and nothing else", () => {
    const paths = packed.files.map(({ path }) => path).sort();
    const names = [
      "announce",
      "ask",
      "auth",
      "cli",
      "coordinated",
      "execa",
      "guard",
      "health",
      "kubeconfig",
      "main",
      "metrics",
      "release",
      "schedule",
    ];
    const bundles = names.map((name) => `dist/${name}.cjs`);
    const texts = ["CHANGELOG.md", "LICENSE", "README.md", "dist/THIRD-PARTY-NOTICES.txt", "package.json"];
    assert.deepEqual(paths, [...texts, ...bundles, "bin/leader-exec.cjs"].sort());
  });

  test("is at most 300 KB, installed at most 1 MB, and pulls no other package", () => {
    assert.ok(packed.size <= 300_000, `${packed.size}`);
    assert.ok(packed.unpackedSize <= 1_000_000, `${packed.unpackedSize}`);
    const lock = JSON.parse(readFileSync(join(folder, "node_modules", ".package-lock.json"), "utf8")) as {
      packages: Record<string, unknown>;
    };
    assert.deepEqual(Object.keys(lock.packages), ["node_modules/leader-exec"]);
  });

  test("runs a command as soon as it is installed, and is started without npm", () => {
    const installed = join(folder, "node_modules", ".bin", "leader-exec");
    assert.ok(statSync(installed).mode & 0o111);
    const args = ["--enable-leader-election", "-q", "--lease-store", `file:${folder}/leases`, "--"];
    const output = execFileSync(installed, [...args, "sh", "-c", "echo token $LEADER_FENCING_TOKEN"], {
      encoding: "utf8",
    });
    assert.match(output, /^token \d+\n$/);
  });

  test("travels with the licence text of every package whose code is in it", () => {
    const metafile = JSON.parse(readFileSync(join(root, "dist", "meta.json"), "utf8")) as object;
    const notices = readFileSync(
      join(folder, "node_modules", "leader-exec", "dist", "THIRD-PARTY-NOTICES.txt"),
      "utf8",
    );
    const bundled = bundledPackages(metafile);
    for (const name of ["commander", "execa", "signal-exit", "prom-client", "@kubernetes/client-node"])
      assert.ok(bundled.includes(name), name);
    for (const name of bundled) {
      const [, text = ""] = notices.split(new RegExp(`^-{80}\n${name} \\S+ \\(.*\\)\n`, "m"));
      assert.match(text.split(/^-{80}$/m)[0] ?? "", /permission|licen[cs]e/i, name);
    }
  });
});
