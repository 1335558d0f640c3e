"use strict";
// Copies the folder that it is in to another place, as an init container does, without a shell:  copy-to /leader-exec
// What is there already is replaced file by file, each at once, so that it works again after a crash in its midst.
const { copyFileSync, mkdirSync, readdirSync, renameSync, statSync } = require("node:fs");
const { join } = require("node:path");

const source = join(__dirname, "..");
const [target, ...more] = process.argv.slice(2);
if (target === undefined || more.length > 0) {
  console.error(
    `usage: copy-to FOLDER: copies leader-exec with its own Node from ${source} to FOLDER; FOLDER/bin/leader-exec runs it`,
  );
  process.exit(64);
}

let bytes = 0;

function copy(from, to) {
  mkdirSync(to, { recursive: true });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [file, place] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) {
      copy(file, place);
      continue;
    }
    copyFileSync(file, `${place}.new`);
    renameSync(`${place}.new`, place);
    bytes += statSync(place).size;
  }
}

try {
  copy(source, target);
} catch (error) {
  console.error(
    `cannot copy ${source} to ${target}: ${error.message}; mount a volume there that this user (${process.getuid()}) may write to`,
  );
  process.exit(125);
}
console.log(`copied leader-exec and its Node ${process.version} to ${target} (${(bytes / 1e6).toFixed(0)} MB)`);
