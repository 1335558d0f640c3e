// The cases in a real cluster: npm run test:cluster [-- NAME...]   Ends with a table, and with 1 when something was wrong.
import { access } from "./cases/access.ts";
import type { Case } from "./cases/case.ts";
import { deletions } from "./cases/deletions.ts";
import { jobs } from "./cases/jobs.ts";
import { kills } from "./cases/kills.ts";
import { nodes } from "./cases/nodes.ts";
import { services } from "./cases/service.ts";
import { updates } from "./cases/updates.ts";
import { startCluster, type Cluster } from "./cluster.ts";
import { isGood, rowOf, tableOf, type Row } from "./report.ts";
import { whyNoCluster } from "./requirements.ts";
import { Stage } from "./stage.ts";

const all: readonly Case[] = [...updates, ...deletions, ...kills, ...nodes, ...access, ...jobs, ...services];
const say = (line: string): void => console.log(line);

async function play(cluster: Cluster, one: Case): Promise<Row> {
  const since = performance.now();
  const stage = await Stage.open(cluster, one.name);
  let failure: string | undefined;
  try {
    await one.run(stage);
    await stage.close();
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
    await stage.tellAll(say);
  }
  const row = rowOf(one, stage, failure);
  const took = ((performance.now() - since) / 1000).toFixed(0);
  say(`${isGood(row) ? "ok" : "NOT OK"}  ${one.title}: ${row.runs} runs, ${row.overlaps} overlaps, ${took} s`);
  for (const overlap of stage.witness.overlaps()) say(`    ${overlap}`);
  if (failure !== undefined) say(`    ${failure}`);
  if (stage.log.length > 0) say(["", "The log of one rolling update:", ...stage.log, ""].join("\n"));
  return row;
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0) {
    console.error(`no case is called ${unknown.join(", ")}; there are: ${all.map(({ name }) => name).join(", ")}`);
    return 64;
  }
  const reason = whyNoCluster(say);
  if (reason !== undefined) {
    console.error(`THE CLUSTER IS MISSING: ${reason}`);
    return 1;
  }
  const chosen = all.filter(({ name }) => names.length === 0 || names.includes(name));
  const since = performance.now();
  const cluster = await startCluster(say);
  try {
    say(`the cluster is there after ${((performance.now() - since) / 1000).toFixed(0)} s`);
    const beside = chosen.filter((one) => one.beside).map((one) => play(cluster, one));
    const rows: Row[] = [];
    for (const one of chosen) if (!one.beside) rows.push(await play(cluster, one));
    rows.push(...(await Promise.all(beside)));
    say(`\n${tableOf(rows)}`);
    const promised = rows
      .filter(({ overlapsAre }) => overlapsAre === "wrong")
      .reduce((sum, { overlaps }) => sum + overlaps, 0);
    const took = ((performance.now() - since) / 60_000).toFixed(1);
    say(`${rows.length} cases, ${promised} overlaps where none may be, ${took} minutes`);
    return rows.every(isGood) ? 0 : 1;
  } finally {
    await cluster.stop();
  }
}

process.exitCode = await main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
