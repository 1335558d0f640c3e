// The end-to-end tests and those of the Kubernetes store, on the lowest Kubernetes that is supported and on the newest that we
// know: npm run test:matrix [-- v1.34.4 ...]. Ends with a table; a lab that is not there is built, which takes minutes.
import { spawn } from "node:child_process";
import { once } from "node:events";

const versions = process.argv.length > 2 ? process.argv.slice(2) : ["v1.26.15", "v1.37.2"];
const folders = ["test/e2e", "test/lab/store"];

const rows = [];
for (const version of versions) {
  console.log(`\nKubernetes ${version}`);
  const child = spawn(process.execPath, ["--import", "tsx", "scripts/test.mjs", ...folders], {
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
  rows.push(`| ${version} | ${count("tests")} | ${count("pass")} | ${count("fail") + count("cancelled")} |`);
  if (code !== 0 || count("tests") === 0) process.exitCode = 1;
}
console.log(["", "| Kubernetes | tests | passed | failed |", "| --- | --- | --- | --- |", ...rows].join("\n"));
