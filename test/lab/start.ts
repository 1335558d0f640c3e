import { mkdtemp } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labAvailability } from "./availability.ts";
import { call } from "./api.ts";
import { apiServerFlags, etcdFlags } from "./flags.ts";
import { layOut } from "./folder.ts";
import { Lab } from "./lab.ts";
import { freePort } from "./ports.ts";
import { ServerProcess } from "./server-process.ts";
import { Warden } from "./warden.ts";

/** How to start a lab. */
export interface LabOptions {
  /** Where its servers listen, an IPv4 address; 127.0.0.1 by default. */
  readonly address?: string;
  /** Flags of kube-apiserver after the lab's own: of a repeated one the last counts. */
  readonly apiServerFlags?: readonly string[];
  /** Which Kubernetes, like `v1.26.15`; it must have been built. `DEFAULT_VERSION` by default. */
  readonly version?: string;
}

/**
 * Starts etcd and kube-apiserver in a temporary folder and resolves when /readyz says ok, after about 2.5 s. Throws a
 * sentence when the lab is not built, or with the end of a log when a server does not come up. Nothing that it starts
 * outlives this process. LEADER_EXEC_LAB_KEEP=1 keeps the folder.
 */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const found = await labAvailability(options.version);
  if (found.kind === "missing") throw new Error(found.reason);
  const { address = "127.0.0.1" } = options;

  const path = await mkdtemp(join(tmpdir(), "leader-exec-lab-"));
  const warden = new Warden(process.env["LEADER_EXEC_LAB_KEEP"] ? "" : path);
  try {
    const files = await layOut(path, ["127.0.0.1", address, "localhost"]);
    const [clientPort, peerPort] = [await freePort(address), await freePort(address)];
    const etcdUrl = `http://${address}:${clientPort}`;
    const etcd = new ServerProcess({
      name: "etcd",
      file: join(found.folder, "etcd"),
      flags: etcdFlags(files, etcdUrl, `http://${address}:${peerPort}`),
      logFile: files.at("etcd.log"),
      warden,
      answers: () => healthy(`${etcdUrl}/health`),
    });
    await etcd.start();

    const port = await freePort(address);
    const url = `https://${address}:${port}`;
    const admin = { url, ca: files.authority.certificate, token: files.adminToken };
    const apiServer = new ServerProcess({
      name: "kube-apiserver",
      file: join(found.folder, "kube-apiserver"),
      flags: [...apiServerFlags(files, etcdUrl, address, port), ...(options.apiServerFlags ?? [])],
      logFile: files.at("kube-apiserver.log"),
      warden,
      answers: async () => (await call(admin, "GET", "/readyz", undefined, 2000)).status === 200,
    });
    await apiServer.start();
    return new Lab(files, warden, url, { etcd, apiServer });
  } catch (error) {
    await warden.dismiss();
    throw error;
  }
}

function healthy(url: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false, signal: AbortSignal.timeout(2000) })
      .on("response", (response) => resolve(response.resume().statusCode === 200))
      .on("error", reject)
      .end();
  });
}
