// The end-to-end tests, those of the Kubernetes store and those of coordinated election, on the Kubernetes versions that we
// support: npm run test:matrix [-- --only FOLDER] [v1.34.4 ...]. Versions between the lowest and the newest get coordinated
// election alone: what else they do the two ends show. Ends with a table; a lab that is not there is built, which takes minutes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { only: { type: "string", multiple: true } },
});
const ends = ["v1.26.15", "v1.37.2"];
const versions = positionals.length > 0 ? positionals : ["v1.26.15", "v1.34.4", "v1.36.3", "v1.37.2"];
const foldersOf = (version) =>
  values.only ?? [...(ends.includes(version) ? ["test/e2e", "test/lab/store"] : []), "test/coordinated"];

const rows = [];
for (const version of versions) {
  for (const folder of foldersOf(version)) {
    console.log(`\nKubernetes ${version}: ${folder}`);
    const child = spawn(process.execPath, ["--import", "tsx", "scripts/test.mjs", folder], {
      // CI: a lab that is missing is built or a failure; it is never skipped.
      env: { ...process.env, CI: "true", LEADER_EXEC_LAB_VERSION: version, KUBEBUILDER_ASSETS: "" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      process.stdout.write(text);
    });
    const [code] = await once(child, "close");
    const count = (what) => Number(new RegExp(`^\\S+ ${what} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
    const failed = count("fail") + count("cancelled");
    rows.push(`| ${[version, folder, count("tests"), count("pass"), count("skipped"), failed].join(" | ")} |`);
    if (code !== 0 || count("tests") === 0) process.exitCode = 1;
  }
}
const head = ["| Kubernetes | tests of | tests | passed | skipped | failed |", "| --- | --- | --- | --- | --- | --- |"];
console.log(["", ...head, ...rows].join("\n"));
