// What leader-exec is measured against: the same few requests written by hand over node:https, without a library, without
// any care for what can go wrong. CONFIG in the environment says where to; the argument says what for:
//   first    one GET, as soon as possible
//   idle     a leader that renews every two seconds, or a standby that watches, for ever
//   relay    for each line on stdin: release PUT -> watch event -> acquire PUT -> spawn; says when the release was sent
const https = require("node:https");
const { readFileSync } = require("node:fs");

const { server, caFile, token, namespace, lease, command } = JSON.parse(process.env.CONFIG);
const url = new URL(server);
const agent = new https.Agent({ keepAlive: true, ca: readFileSync(caFile), scheduling: "lifo" });
const path = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;

function open(method, target, body) {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, accept: "application/json" };
    if (body !== undefined) headers["content-type"] = "application/json";
    const options = { host: url.hostname, port: url.port, path: target, method, headers, agent };
    https.request(options, resolve).on("error", reject).end(body);
  });
}

async function ask(method, target, object) {
  const answer = await open(method, target, object && JSON.stringify(object));
  let text = "";
  for await (const chunk of answer.setEncoding("utf8")) text += chunk;
  return { status: answer.statusCode, object: JSON.parse(text) };
}

async function lookUp() {
  const found = await ask("GET", `${path}/${lease}`);
  if (found.status === 200) return found.object;
  const metadata = { name: lease, namespace };
  const fresh = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec: specOf("") };
  return (await ask("POST", path, fresh)).object;
}

function specOf(holderIdentity) {
  const now = new Date().toISOString().replace("Z", "000Z");
  return { holderIdentity, leaseDurationSeconds: 15, acquireTime: now, renewTime: now, leaseTransitions: 1 };
}

const put = (object, holder) => ask("PUT", `${path}/${lease}`, { ...object, spec: specOf(holder) });

/** Calls back with every change from now on. */
async function watch(changed) {
  const answer = await open("GET", `${path}?watch=true&fieldSelector=metadata.name=${lease}&timeoutSeconds=3000`);
  let rest = "";
  answer.setEncoding("utf8").on("data", (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const line of lines) changed(JSON.parse(line).object);
  });
}

async function idle() {
  let object = await lookUp();
  if (command === "stand by") return watch(() => undefined);
  setInterval(async () => {
    object = (await put(object, "hand-written")).object;
  }, 2000);
}

async function relay() {
  const { spawn } = require("node:child_process");
  let object = (await put(await lookUp(), "first")).object;
  let goesOn = () => undefined;
  await watch((changed) => goesOn(changed));
  let sentAt;
  const acquired = async (changed) => {
    if (changed.spec.holderIdentity !== "") return;
    object = (await put(changed, "next")).object;
    spawn(command[0], command.slice(1), { stdio: "inherit", detached: true }).on("exit", () => console.log(sentAt));
  };
  goesOn = (changed) => void acquired(changed);
  console.log("ready");
  process.stdin.on("data", () => {
    sentAt = String(process.hrtime.bigint());
    void put(object, "");
  });
}

const modes = { first: lookUp, idle, relay };
void modes[process.argv[2]]();
