/** Brings the results that are kept into the documentation. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { plots } from "./plots/draw.ts";
import { tables, type Results } from "./results.ts";

const docs = join(import.meta.dirname, "..", "docs");
export const plotsFolder = join(docs, "plots");
export const performanceFile = join(docs, "performance.md");

/** Draws docs/plots, and writes the table into docs/performance.md. */
export function publish(results: Results): void {
  mkdirSync(plotsFolder, { recursive: true });
  for (const [name, svg] of Object.entries(plots(results))) writeFileSync(join(plotsFolder, name), svg);
  writeFileSync(performanceFile, withResults(readFileSync(performanceFile, "utf8"), results));
}

/** The page with the results between its two marks. */
export function withResults(page: string, results: Results): string {
  const block = /(<!-- results -->)[^]*(<!-- \/results -->)/;
  if (!block.test(page))
    throw new Error("docs/performance.md has no place for results: <!-- results --> and <!-- /results -->");
  return page.replace(block, (_, begin: string, end: string) => `${begin}\n\n${tables(results)}\n\n${end}`);
}
