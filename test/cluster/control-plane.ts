import { join } from "node:path";
import type { Daemon, DaemonPlan } from "./daemon.ts";
import type { Enclosure } from "./enclosure.ts";
import { apiAddress, apiPort } from "./network.ts";

/** The programs of the control plane, in the order in which they are started. */
export interface ControlPlane {
  readonly etcd: Daemon;
  readonly apiServer: Daemon;
  readonly controllerManager: Daemon;
  readonly scheduler: Daemon;
}

/** How the programs of the control plane are started. A node that is silent for 8 s is lost, and its pods go 5 s later. */
export function controlPlanePlans(
  enclosure: Enclosure,
  programs: string,
  apiAnswers: () => Promise<boolean>,
): Record<keyof ControlPlane, DaemonPlan> {
  const at = (name: string): string => enclosure.at(name);
  const component = (name: string, flags: readonly string[]): DaemonPlan => ({
    file: join(programs, name),
    flags: [`--kubeconfig=${at(`${name}.kubeconfig`)}`, "--leader-elect=false", "--bind-address=127.0.0.1", ...flags],
    answers: () => Promise.resolve(true), // its work shows
  });
  return {
    etcd: {
      file: join(programs, "etcd"),
      flags: [
        "--name=cluster",
        `--data-dir=${at("etcd")}`,
        "--unsafe-no-fsync",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--initial-advertise-peer-urls=http://127.0.0.1:2380",
        "--initial-cluster=cluster=http://127.0.0.1:2380",
        "--log-level=warn",
      ],
      answers: () => Promise.resolve(true), // kube-apiserver waits for it
    },
    apiServer: {
      file: join(programs, "kube-apiserver"),
      flags: [
        "--etcd-servers=http://127.0.0.1:2379",
        `--bind-address=${apiAddress}`,
        `--advertise-address=${apiAddress}`,
        `--secure-port=${apiPort}`,
        `--tls-cert-file=${at("server.crt")}`,
        `--tls-private-key-file=${at("server.key")}`,
        `--client-ca-file=${at("ca.crt")}`,
        `--kubelet-client-certificate=${at("kubelet-client.crt")}`,
        `--kubelet-client-key=${at("kubelet-client.key")}`,
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc",
        `--service-account-signing-key-file=${at("sa.key")}`,
        `--service-account-key-file=${at("sa.key")}`,
        "--service-account-extend-token-expiration=false", // a token of 600 s is refused after 600 s
        "--authorization-mode=Node,RBAC",
        "--allow-privileged=true",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--default-not-ready-toleration-seconds=5",
        "--default-unreachable-toleration-seconds=5",
        "--profiling=false",
      ],
      answers: apiAnswers,
    },
    controllerManager: component("kube-controller-manager", [
      `--service-account-private-key-file=${at("sa.key")}`,
      `--root-ca-file=${at("ca.crt")}`,
      "--node-monitor-period=1s",
      "--node-monitor-grace-period=8s",
      "--node-eviction-rate=10",
    ]),
    scheduler: component("kube-scheduler", []),
  };
}
