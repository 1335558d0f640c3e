// Replicas with a schedule of one tick a second, on both stores at once, and leaders that are killed or told to stop: which ticks ran, and
// did one run twice?
//   npm run soak:schedule -- --minutes 3
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { DEFAULT_VERSION, startLab } from "../lab/index.ts";
import { Replicas } from "./replicas.ts";

const { values } = parseArgs({ options: { minutes: { type: "string", default: "3" } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error("usage: npm run soak:schedule -- [--minutes N], a number above 0");
  process.exit(64);
}

/** Between two faults on a store: an expired lease, a take-over, and some ticks. */
const faultEvery = 8_000;
const folder = mkdtempSync(join(tmpdir(), "leader-exec-schedule-"));
console.log(`one tick a second for ${minutes} minutes, on the file store and on Kubernetes ${DEFAULT_VERSION}`);
const lab = await startLab({ apiServerFlags: ["--audit-log-path=/dev/null"] });
const namespace = await lab.createNamespace();
const user = await lab.user(namespace, "ticks");
const kubeconfig = await user.kubeconfig();
const all = [
  new Replicas("file store", join(folder, "file"), ["--lease-store", `file:${folder}/leases`], "none"),
  new Replicas("Kubernetes", join(folder, "kubernetes"), ["--kubeconfig", kubeconfig, "--lease-name", "ticks"], "last"),
];
let right = false;
try {
  for (const replicas of all) replicas.start(3);
  const end = performance.now() + minutes * 60_000;
  for (let fault = 0; performance.now() < end - faultEvery; fault++) {
    await pause(faultEvery);
    for (const replicas of all) replicas.inflict(fault % 3 === 2 ? "SIGTERM" : "SIGKILL");
  }
  await pause(faultEvery);
  await Promise.all(all.map((replicas) => replicas.stop()));
  for (const replicas of all) console.log(replicas.summary());
  right = all.every((replicas) => replicas.isRight());
} finally {
  for (const replicas of all) replicas.kill();
  await lab.stop();
}
if (!right && existsSync(folder))
  console.log(readFileSync(join(folder, "file"), "utf8").split("\n").slice(-20).join("\n"));
rmSync(folder, { recursive: true, force: true });
// As in soak.ts: Node 20 may never leave by itself.
process.exit(right ? 0 : 1);
