import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { flags } from "../src/flags.ts";
import { isPrinted, isQuoted } from "./support/sentences.ts";

const root = join(import.meta.dirname, "..");
const pages = ["docs/troubleshooting.md", "docs/migration.md"].map((path) => ({
  path,
  text: readFileSync(join(root, path), "utf8"),
}));
const page = pages[0]?.text ?? "";

test("every line of the log that the page on troubleshooting quotes is one that leader-exec can print", () => {
  const lines = [...page.matchAll(/```text\n([^]*?)```/g)].flatMap(([, block = ""]) => block.trim().split("\n"));
  assert.ok(lines.length > 15, "it quotes lines");
  for (const line of lines) {
    const message = /^\s*leader-exec: (?:warning: |error: )?(.*)$/.exec(line)?.[1] ?? assert.fail(line);
    assert.ok(isPrinted(message), line);
  }
});

test("a line that is not quite like that is found out", () => {
  assert.ok(isPrinted("could not renew the Lease, 6.6s left to try: the store has not answered"));
  assert.ok(!isPrinted("could not renew the Lease, 6.6s left to try: the store has never answered"));
  assert.ok(!isPrinted("could not renew a Lease, 6.6s left to try: the store has not answered"));
});

test("so is every piece of one that stands in its text", () => {
  const prose = page.replaceAll(/```[^]*?```/g, "");
  const pieces = [...prose.matchAll(/`([a-z][^`]*)`/g)].map(([, piece = ""]) => piece);
  const said = pieces.filter((piece) => piece.split(" ").length >= 3 && !/^(kubectl|curl|ps|grep) /.test(piece));
  assert.ok(said.length > 8, "there are some");
  for (const piece of said) assert.ok(isQuoted(piece), piece);
});

test("the pages on troubleshooting and migration name flags and files that are there", () => {
  const known = flags.flatMap(({ name, aliases = [] }) => [name, ...aliases]);
  for (const { path, text } of pages) {
    const ours = text
      .replaceAll(/<!-- theirs -->[^]*?<!-- \/theirs -->/g, "")
      .replaceAll(/`(?:kubectl|consul|etcdctl|klock|flock) [^`]*`|^ +kubectl.*$/gm, "");
    for (const [, name = ""] of ours.matchAll(/(?<![\w-])--([a-z][\w-]*)/g))
      assert.ok(known.includes(name), `${path}: --${name}`);
    for (const [, file = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)/g))
      assert.ok(existsSync(join(root, dirname(path), file)), `${path}: ${file}`);
  }
});
