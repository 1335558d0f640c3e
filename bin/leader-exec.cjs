#!/usr/bin/env node
"use strict";
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`leader-exec: Node.js ${process.versions.node} is too old; install 20.19 or newer`);
  process.exit(125);
}
require("../dist/cli.cjs");
