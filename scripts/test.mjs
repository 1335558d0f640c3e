// Runs every *.test.ts below the folders given. An own directory walk, because `node --test` with a pattern drops
// nested files or finds none, depending on the shell and the version of Node, and stays green either way.
//   node --import tsx scripts/test.mjs [--skip NAME]... [--only TEXT] [FOLDER or FILE]...
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { parseArgs } from "node:util";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    skip: { type: "string", multiple: true, default: [] },
    concurrency: { type: "string", default: "2" },
  },
});

async function testFiles(path) {
  if ((await stat(path)).isFile()) return [path];
  const entries = await readdir(path, { withFileTypes: true });
  const found = await Promise.all(
    entries.map((entry) => {
      if (values.skip.includes(entry.name)) return [];
      const inside = join(path, entry.name);
      if (entry.isDirectory()) return testFiles(inside);
      return entry.name.endsWith(".test.ts") ? [inside] : [];
    }),
  );
  return found.flat();
}

const files = (await Promise.all((positionals.length ? positionals : ["test"]).map(testFiles))).flat().sort();
if (files.length === 0) {
  console.error(`no *.test.ts found below ${positionals.join(", ")}: nothing was tested`);
  process.exit(1);
}
// For the fault suite (test/faults/selection.ts): all files of one run belong to one day.
process.env.FAULTS_DAY ??= String(Math.floor(Date.now() / 86_400_000));
run({ files, concurrency: Number(values.concurrency), timeout: 600_000 })
  .on("test:fail", () => {
    process.exitCode = 1;
  })
  .compose(new spec())
  .pipe(process.stdout);
