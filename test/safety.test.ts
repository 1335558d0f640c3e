import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { deadlines, killMargin, safeShare } from "../src/core/deadlines.ts";
import { flags } from "../src/flags.ts";
import { deriveTiming } from "../src/timing.ts";

const root = join(import.meta.dirname, "..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const page = text("docs/safety.md");

void test("every file that the page on safety names is there", () => {
  const named = new Set([...page.matchAll(/\b(?:src|test|docs|examples|scripts)\/[\w./-]*\w/g)].map(([path]) => path));
  assert.ok(named.size > 10, "it names files");
  for (const path of named) assert.ok(existsSync(join(root, path)), path);
});

void test("every flag that the page on safety names is a flag, but for those of etcdutl", () => {
  const known = flags.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  const prose = page.replaceAll(/`etcdutl[^`]*`/g, "").replaceAll(/<!--[^]*?-->/g, "");
  const named = [...prose.matchAll(/(?<![\w-])--([a-z][\w-]*)/g)].map(([, name]) => name);
  assert.ok(named.length > 3, "it names flags");
  for (const name of named) assert.ok(known.includes(name ?? ""), `--${name}`);
});

void test("the constants on the page on safety are those that deadlines are counted with", () => {
  const code = text("src/core/deadlines.ts");
  const constant = (name: string): number => {
    const value = new RegExp(`const ${name}(?:: Millis)? = ([\\d_.]+);`).exec(code)?.[1];
    return Number(value?.replaceAll("_", ""));
  };
  const row = (symbol: string): string | undefined =>
    new RegExp(`^\\| ${symbol} +\\| (\\S+ \\S+) +\\|`, "m").exec(page)?.[1];
  const [k, m, eps] = [constant("killTime"), constant("timerSlack"), constant("clockDrift")];
  assert.deepEqual([row("k"), row("m"), row("eps")], [`${k / 1000} s`, `${m / 1000} s`, `${eps * 100} %`]);
  assert.deepEqual([killMargin, safeShare], [k + m, 1 - eps], "nothing else is counted");
  assert.ok(page.includes(`renew deadline + kill-after + ${killMargin / 1000} s <= ${safeShare} x lease duration`));
});

void test("the drawing of a lost lease shows the deadlines of the default times", () => {
  const none = { leaseDuration: undefined, renewDeadline: undefined, retryPeriod: undefined, killAfter: undefined };
  const derived = deriveTiming(none);
  const timing = { ...derived, terminationGracePeriod: 0, startupTimeout: 0 };
  const { term, kill, expiry } = deadlines(0, derived.leaseDuration, timing);
  const instants = [0, term, term + derived.killAfter, kill, expiry, derived.leaseDuration];
  const axis = /^ s +(.*)$/m.exec(page)?.[1]?.trim().split(/\s+/).map(Number);
  assert.deepEqual(
    axis,
    instants.map((at) => at / 1000),
  );
});
