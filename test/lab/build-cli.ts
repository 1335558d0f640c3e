// Builds the lab: npm run lab:build [-- v1.26.15 ...]
import { buildLab } from "./build.ts";
import { DEFAULT_VERSION } from "./cache.ts";

const versions = process.argv.slice(2);
try {
  for (const version of versions.length > 0 ? versions : [DEFAULT_VERSION]) {
    const folder = await buildLab(version, (line) => console.error(line));
    console.log(`the lab of Kubernetes ${version} is in ${folder}`);
  }
} catch (error) {
  console.error(`the lab was not built: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
