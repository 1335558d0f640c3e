import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dump, load } from "js-yaml";
import { until } from "../lab/until.ts";
import { addressOf } from "../support/ask.ts";
import { Candidate, folderOf } from "../support/candidate.ts";
import { scrape } from "../support/scrape.ts";
import { findPromtool } from "./promtool.ts";

const manifest = join(import.meta.dirname, "..", "..", "deploy", "alerts.yaml");
/** What Prometheus sees of one pod: the samples of each scrape; null: it did not answer. */
type Seen = (ReadonlyMap<string, number> | null)[];

/** As promtool wants them: a sample that was never there is _, and one that is there no more ends stale. */
function seriesOf(pod: string, seen: Seen): { series: string; values: string }[] {
  const names = new Set(seen.flatMap((samples) => [...(samples?.keys() ?? [])]));
  return [...names].map((name) => {
    const [, metric = "", labels = ""] = /^(\w+)(?:\{(.*)\})?$/.exec(name) ?? [];
    const values = seen.map((samples, at) => {
      const before = seen[at - 1]?.get(name);
      return samples?.get(name) ?? (before === undefined ? "_" : "stale");
    });
    const target = `namespace="default",job="worker",pod="${pod}"`;
    return { series: `${metric}{${[target, ...(labels === "" ? [] : [labels])].join(",")}}`, values: values.join(" ") };
  });
}

const promtool = findPromtool();
test(
  "promtool: on scrapes of real candidates, alerts fire for a run that failed, and when all were killed",
  { skip: promtool.flaw ?? false },
  async (t) => {
    const folder = folderOf(t);
    const args =
      `--enable-leader-election --lease-name worker --lease-store file:${folder}/leases --metrics-bind-address 127.0.0.1:0 --log-format json`.split(
        " ",
      );
    const start = () =>
      new Candidate(t, { args: [...args, "--schedule", "* * * * * *"], command: ["sh", "-c", "exit 3"] });
    const leader = start();
    const leaderAt = await addressOf(leader, "/metrics");
    await leader.says(/^acquired/);
    const standby = start();
    const standbyAt = await addressOf(standby, "/metrics");
    await standby.says(/^standing by/);

    const seen: Record<"a" | "b", Seen> = { a: [], b: [] };
    await until("two runs have failed", async () => {
      const [a, b] = await Promise.all([scrape(leaderAt), scrape(standbyAt)]);
      seen.a.push(a.samples);
      seen.b.push(b.samples);
      return (a.samples.get('leader_exec_command_runs_total{exit_code="3"}') ?? 0) >= 2;
    });
    const alive = seen.a.length - 1;
    for (const candidate of [standby, leader]) {
      candidate.kill("SIGKILL");
      await candidate.exited;
    }
    for (const pod of [seen.a, seen.b]) pod.push(...Array.from({ length: 8 }, () => null));

    const runFailed = 'severity="warning",namespace="default",job="worker",pod="a",exit_code="3"';
    const at = (scrapes: number): string => `${scrapes * 15}s`;
    const firing = (time: string, alert: string, labels: string) => ({
      expr: `ALERTS{alertstate="firing",alertname="${alert}"}`,
      eval_time: time,
      exp_samples: [{ labels: `ALERTS{alertstate="firing",alertname="${alert}",${labels}}`, value: 1 }],
    });
    writeFileSync(join(folder, "rules.yaml"), dump((load(readFileSync(manifest, "utf8")) as { spec: unknown }).spec));
    writeFileSync(
      join(folder, "scrapes.yaml"),
      dump({
        rule_files: ["rules.yaml"],
        evaluation_interval: "15s",
        tests: [
          {
            interval: "15s",
            input_series: [...seriesOf("a", seen.a), ...seriesOf("b", seen.b)],
            // How long a failed run is told of after its pod is gone depends on how often it was scraped.
            promql_expr_test: [
              firing(at(alive), "LeaderExecRunFailed", runFailed),
              firing(at(alive + 6), "LeaderExecNobodyLeads", 'severity="critical"'),
            ],
          },
        ],
      }),
    );
    assert.match(
      execFileSync(promtool.path, ["test", "rules", "scrapes.yaml"], { cwd: folder, encoding: "utf8" }),
      /SUCCESS/,
    );
    t.diagnostic(`${alive + 1} scrapes of each, ${seen.a[alive]?.size ?? 0} series of the leader`);
  },
);
