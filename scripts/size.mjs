// What users download and what Node has to read: sizes of the bundles and of the package, beside their limits in
// bench/sizes.json. Sizes are exact, so test/size.test.ts fails on them.
//   npm run bench:size
import { execFileSync } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const root = join(import.meta.dirname, "..");

/** Size and limit, in bytes, of every bundle, of the packed package and of the installed one. */
export function sizes() {
  const limits = JSON.parse(readFileSync(join(root, "bench", "sizes.json"), "utf8"));
  const json = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
  });
  const [{ size, unpackedSize }] = JSON.parse(json);
  return Object.entries(limits).map(([name, limit]) => {
    const whole = { packed: size, installed: unpackedSize }[name];
    return { name, size: whole ?? statSync(join(root, name)).size, limit };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  for (const { name, size, limit } of sizes()) {
    const row = [
      name.padEnd(22),
      String(size).padStart(8),
      `of ${limit}`.padStart(12),
      size <= limit ? "" : "TOO LARGE",
    ];
    console.log(row.join(" ").trimEnd());
  }
}
