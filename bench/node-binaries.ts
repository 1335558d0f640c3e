/** The Nodes that are compared: their npm packages carry the binary, and run no script of their own. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { builtFolder } from "../test/lab/cache.ts";

export const majors = [20, 22, 24, 26];

export interface NodeBinary {
  readonly major: number;
  readonly version: string;
  readonly file: string;
}

/** A binary for each major version that is to be had: from BENCH_NODES, a list with colons, or from npm, kept in the lab's cache. */
export function nodeBinaries(progress: (line: string) => void): NodeBinary[] {
  const given = (process.env["BENCH_NODES"] ?? "").split(":").filter((file) => file !== "");
  const known = [...given, process.execPath].flatMap(binary);
  return majors.flatMap((major) => {
    const found = known.find((one) => one.major === major) ?? installed(major);
    if (typeof found !== "string") return [found];
    progress(`versions: there is no Node ${major}, which is left out: ${found}`);
    return [];
  });
}

function binary(file: string): NodeBinary[] {
  try {
    const version = execFileSync(file, ["--version"], { encoding: "utf8" }).trim();
    return [{ major: Number(version.slice(1).split(".")[0]), version, file }];
  } catch {
    return []; // it is named as left out, unless another one takes its place
  }
}

function installed(major: number): NodeBinary | string {
  const folder = builtFolder(`node-${major}`, []);
  const name = `node-linux-${process.arch}`;
  const file = join(folder, "node_modules", name, "bin", "node");
  const args = ["install", "--no-save", "--no-audit", "--no-fund", "--prefix", folder, `${name}@${major}`];
  try {
    if (!existsSync(file)) execFileSync("npm", args, { encoding: "utf8", stdio: "pipe", timeout: 180_000 });
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
  }
  return binary(file)[0] ?? `${file} cannot be run`;
}
