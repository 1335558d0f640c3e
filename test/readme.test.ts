import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { load } from "js-yaml";
import { exitCodes } from "../src/core/outcome.ts";
import { flagGroups, flags, termOf } from "../src/flags.ts";
import { documentedRules } from "./lab/index.ts";

interface Pod {
  readonly containers: readonly { readonly args: readonly string[] }[];
}

const root = join(import.meta.dirname, "..");
const readme = readFileSync(join(root, "README.md"), "utf8");

/** What stands between <!-- name --> and <!-- /name -->. */
function block(name: string): string {
  const found = new RegExp(`<!-- ${name} -->\n([^]*)<!-- /${name} -->`).exec(readme)?.[1];
  assert.ok(found !== undefined, `the README has a block "${name}"`);
  return found.trim();
}

/** A Markdown table's cells, whatever its padding. */
function cells(table: string): string[][] {
  const rows = table.split("\n").filter((line) => line.startsWith("|") && !/^\|(\s*-+\s*\|)+$/.test(line));
  return rows.slice(1).map((row) =>
    row
      .split(/(?<!\\)\|/)
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll("\\|", "|")),
  );
}

void test("the README's flag table is that of --help", () => {
  const expected = flagGroups.flatMap((group) =>
    group.flags.map((flag) => [`\`${termOf(flag)}\``, flag.fallback, flag.help]),
  );
  assert.deepEqual(cells(block("flags")), expected);
});

void test("the README names every alias", () => {
  for (const alias of flags.flatMap(({ aliases = [] }) => aliases)) assert.ok(readme.includes(`\`--${alias}\``), alias);
});

void test("the README's exit codes are those of --help", () => {
  assert.deepEqual(
    cells(block("exit-codes")),
    exitCodes.map(({ code, meaning }) => [code, meaning]),
  );
});

void test("the README's Role is the one that the tests run with", () => {
  const rules = [
    ...readme.matchAll(
      /- \{ apiGroups: \[(.*?)\], resources: \[(.*?)\](?:, resourceNames: \[(.*?)\])?, verbs: \[(.*?)\] \}/g,
    ),
  ];
  const split = (text: string | undefined) => text?.split(", ");
  const found = rules.map(([, groups, resources, names, verbs]) => ({
    apiGroups: split(groups),
    resources: split(resources),
    verbs: split(verbs)?.sort(),
    ...(names === undefined ? {} : { resourceNames: split(names) }),
  }));
  const documented = documentedRules("worker").map((rule) => ({ ...rule, verbs: [...rule.verbs].sort() }));
  const text = (rule: object): string => JSON.stringify(Object.entries(rule).sort());
  const order = (a: object, b: object): number => text(a).localeCompare(text(b));
  assert.deepEqual(found.sort(order), documented.sort(order));
});

void test("what the README shows of a pod stands in deploy/deployment.yaml, too, the flags in the same order", () => {
  const shown = load(/```yaml\n(spec:[^]*?)```/.exec(readme)?.[1] ?? assert.fail("the README shows one")) as {
    spec: Pod;
  };
  const whole = load(readFileSync(join(root, "deploy", "deployment.yaml"), "utf8")) as {
    spec: { template: { spec: Pod } };
  };
  const [few, all] = [shown.spec, whole.spec.template.spec];
  const [ours, theirs] = [few, all].map(({ containers: [container] }) => container ?? assert.fail("no container"));
  const flagsOf = (container: typeof ours): readonly string[] => container?.args ?? [];
  assert.deepEqual(
    flagsOf(theirs).filter((flag) => flagsOf(ours).includes(flag)),
    flagsOf(ours),
  );
  assert.deepEqual({ ...theirs, ...ours }, { ...theirs, args: ours?.args });
  assert.deepEqual({ ...all, ...few }, { ...all, containers: few.containers });
});

void test("the table of deploy/ names each manifest there, and what it names is there", () => {
  const folder = join(root, "deploy");
  const [names, needs] = [0, 2].map((column) =>
    cells(readFileSync(join(folder, "README.md"), "utf8")).map((row) => row[column]?.replaceAll("`", "") ?? ""),
  );
  const manifests = readdirSync(folder).filter((name) => name.endsWith(".yaml"));
  assert.deepEqual(names?.sort(), manifests.sort());
  for (const each of needs ?? []) assert.ok(!each.endsWith(".yaml") || manifests.includes(each), each);
});
