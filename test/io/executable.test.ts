import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { findExecutable, spawnFailure } from "../../src/io/executable.ts";

const folder = mkdtempSync(join(tmpdir(), "leader-exec-path-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = (name: string, mode: number, text = "#!/bin/sh\n"): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
};
const good = file("good", 0o755);
const plain = file("plain", 0o644);
mkdirSync(join(folder, "later"));
const later = file("later/plain", 0o755);
mkdirSync(join(folder, "later", "good"));

void test("a command is looked up as a shell would", () => {
  const found = (command: string, PATH: string | undefined, cwd = "/"): unknown => {
    const search = findExecutable(command, { PATH }, cwd);
    return "path" in search ? search.path : search.reason;
  };
  assert.equal(found("good", `/nowhere:${folder}`), good);
  assert.equal(found("good", "/nowhere:", folder), good, "an empty part of PATH is the current folder");
  assert.equal(found("good", "", folder), good);
  assert.equal(found("./good", "/nowhere", folder), good);
  assert.equal(found("plain", `${folder}:${folder}/later`), later, "what may not be executed is passed over");
  assert.equal(found("good", `${folder}/later:${folder}`), good, "and so is a folder");
  assert.equal(found("plain", folder), "not-executable");
  assert.equal(found(plain, undefined), "not-executable");
  assert.equal(found(folder, undefined), "not-executable");
  assert.equal(found("/dev/null", undefined), "not-executable");
  assert.equal(found("", folder), "not-found");
  assert.equal(found("./good", folder, "/"), "not-found");
  assert.equal(found("good/inside", folder, folder), "not-found", "a file where a folder should be");
  assert.ok(String(found("sh", undefined)).endsWith("/sh"), "without any PATH the system's default is searched");
});

void test("why a start failed is said with what to do", () => {
  const failure = (command: string, code: string) =>
    spawnFailure(command, { PATH: folder }, "/", { code, message: code });
  for (const [command, code, reason, message] of [
    ["good", "ENOENT", "not-found", /its interpreter or loader.*first line/],
    ["good", "ENOEXEC", "not-executable", /no program for this machine/],
    ["good", "EACCES", "not-executable", /permissions/],
    ["good", "E2BIG", "failed", /too long \(E2BIG\)/],
    ["good", "EAGAIN", "failed", /ulimit -u/],
    ["good", "EMFILE", "failed", /EMFILE/],
    ["gone", "ENOENT", "not-found", /not found in PATH/],
  ] as const) {
    const { reason: told, message: text } = failure(command, code);
    assert.equal(told, reason, code);
    assert.match(text, message);
  }
});
