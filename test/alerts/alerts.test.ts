import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dump, load } from "js-yaml";
import { newMetrics } from "../../src/io/prometheus.ts";
import { folderOf } from "../support/candidate.ts";
import { parseScrape } from "../support/scrape.ts";
import { findPromtool } from "./promtool.ts";

const root = join(import.meta.dirname, "..", "..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");

interface Rules {
  readonly groups: readonly { readonly rules: readonly { readonly alert: string; readonly expr: string }[] }[];
}

interface Tests {
  readonly tests: readonly {
    readonly input_series: readonly { readonly series: string }[];
    readonly alert_rule_test?: readonly { readonly alertname: string; readonly exp_alerts: readonly unknown[] }[];
  }[];
}

const { spec } = load(text("deploy/alerts.yaml")) as { spec: Rules };
const alerts = spec.groups.flatMap(({ rules }) => rules);
const names = alerts.map(({ alert }) => alert);
const { tests } = load(text("test/alerts/series.yaml")) as Tests;

test("docs/operations.md has every alert, and no other", () => {
  const rows = [...text("docs/operations.md").matchAll(/^\| `(LeaderExec\w+)` /gm)].map(([, name]) => name);
  assert.deepEqual(rows, names);
});

test("alerts, and the series that they are tried on, are about metrics that we have, with labels that they have", async () => {
  const documented = new Map(
    [...text("docs/operations.md").matchAll(/^\| `(leader_\w+)(?:\{([^}]*)\})?` /gm)].map(([, name = "", labels]) => [
      name,
      labels?.split(",") ?? [],
    ]),
  );
  const { types } = parseScrape(await newMetrics("worker").text());
  const ofScrapes = ["namespace", "job", "pod"];
  for (const named of [
    ...alerts.map(({ expr }) => expr),
    ...tests.flatMap((each) => each.input_series.map(({ series }) => series)),
  ])
    for (const [, name = "", labels = ""] of named.matchAll(/\b(leader_\w+)\{([^}]*)\}/g)) {
      const family = name.replace(/_bucket$/, "");
      assert.ok(types.has(family), name);
      const known = [...ofScrapes, ...(documented.get(family) ?? []), ...(family === name ? [] : ["le"])];
      for (const [, label = ""] of labels.matchAll(/(\w+)!?=/g))
        assert.ok(known.includes(label), `${name} has no ${label}`);
    }
});

test("every alert is tried on series that it must fire for", () => {
  const fired = tests.flatMap(({ alert_rule_test = [] }) =>
    alert_rule_test.filter(({ exp_alerts }) => exp_alerts.length > 0).map(({ alertname }) => alertname),
  );
  assert.deepEqual([...new Set(fired)].sort(), [...names].sort());
});

const promtool = findPromtool();
test("promtool: each alert fires when it should, and only then", { skip: promtool.flaw ?? false }, (t) => {
  const folder = folderOf(t);
  writeFileSync(join(folder, "rules.yaml"), dump(spec));
  copyFileSync(join(import.meta.dirname, "series.yaml"), join(folder, "series.yaml"));
  for (const args of [
    ["check", "rules", "rules.yaml"],
    ["test", "rules", "series.yaml"],
  ])
    t.diagnostic(execFileSync(promtool.path, args, { cwd: folder, encoding: "utf8" }).trim());
});
