import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { until } from "../../lab/until.ts";
import type { PodSpec } from "../workload.ts";
import { manifests } from "../workload.ts";
import { repeat, type Case } from "./case.ts";

const secrets = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The shortest that the API server gives; kubelet replaces it when four fifths of it are over. */
const tokenSeconds = 600;

/** What kubelet mounts by itself, with a token that lives for 600 s instead of an hour. */
function withShortToken(pod: PodSpec): void {
  pod.automountServiceAccountToken = false;
  pod.nodeName = "node2"; // the first node is the one that others lose
  pod["tolerations"] = [{ operator: "Exists" }];
  const sources = [
    { serviceAccountToken: { path: "token", expirationSeconds: tokenSeconds } },
    { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
    { downwardAPI: { items: [{ path: "namespace", fieldRef: { fieldPath: "metadata.namespace" } }] } },
  ];
  pod.volumes = [...(pod.volumes ?? []), { name: "access", projected: { sources } }];
  for (const container of pod.containers) {
    container.volumeMounts = [...(container.volumeMounts ?? []), { name: "access", mountPath: secrets }];
  }
}

const defaultTimes = ["--lease-duration=15s", "--renew-deadline=10s", "--retry-period=2s", "--kill-after=3s"];

/** What gives pods the right to ask the API server. */
export const access: readonly Case[] = [
  {
    title: "RBAC removed, and given back",
    name: "rbac",
    run: async (stage) => {
      let leader = await stage.deploy();
      const waits: number[] = [];
      await repeat(stage, 3, async () => {
        const before = leader;
        await stage.kubectl("delete", "rolebinding", "worker-leader-election");
        await until("no command runs", () => stage.witness.now() - stage.witness.lastSign(before) > 500, 60_000);
        const back = stage.witness.now();
        await stage.apply(...manifests("rbac.yaml", stage.namespace));
        const next = await stage.witness.next(before);
        waits.push(next.first - back);
        leader = await stage.settles(2);
      });
      stage.notes.push(`a command runs ${Math.max(...waits).toFixed(0)} ms at most after the rights are back`);
    },
  },
  {
    title: `token of ${tokenSeconds} s replaced by kubelet`,
    name: "token",
    beside: true,
    run: async (stage) => {
      const leader = await stage.deploy({ replicas: 1, change: withShortToken, flags: defaultTimes });
      const { tini } = await stage.inmates(leader);
      // /var/run is a link to /run in the image, which would lead out of it
      const file = join(`/proc/${tini.pid}/root`, secrets.replace("/var", ""), "token");
      const token = (): string => readFileSync(file, "utf8");
      const first = token();
      await repeat(stage, 1, async () => {
        const life = (tokenSeconds + 30) * 1000;
        const look = (): boolean => stage.witness.lastSign(leader) - leader.first > life;
        await until(`the command has lived for ${life} ms`, look, life + 60_000, 1000);
        assert.notEqual(token(), first, "kubelet wrote another token");
        assert.equal(stage.witness.roots().length, 1);
      });
      stage.notes.push(
        `one command for ${((leader.last - leader.first) / 1000).toFixed(0)} s, the first token being invalid`,
      );
    },
  },
];
