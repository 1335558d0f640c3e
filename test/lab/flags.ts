import type { LabFolder } from "./folder.ts";

/** The flags of the lab's etcd: one member, nothing synced to disk (a killed process loses nothing, a machine may). */
export function etcdFlags(folder: LabFolder, clientUrl: string, peerUrl: string): string[] {
  return [
    "--name=lab",
    `--data-dir=${folder.at("etcd")}`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${clientUrl}`,
    `--advertise-client-urls=${clientUrl}`,
    `--listen-peer-urls=${peerUrl}`,
    `--initial-advertise-peer-urls=${peerUrl}`,
    `--initial-cluster=lab=${peerUrl}`,
    "--heartbeat-interval=20", // milliseconds; the only member waits an election timeout before it leads
    "--election-timeout=100",
    "--log-level=warn",
  ];
}

/** Admission plugins that serve pods, volumes and ingresses: they need informers, and the lab has none of these. */
const unusedAdmission = [
  "ServiceAccount",
  "TaintNodesByCondition",
  "Priority",
  "DefaultTolerationSeconds",
  "StorageObjectInUseProtection",
  "PersistentVolumeClaimResize",
  "RuntimeClass",
  "DefaultIngressClass",
];

/** The flags of a kube-apiserver of the lab, before those that a test adds. */
export function apiServerFlags(folder: LabFolder, etcdUrl: string, address: string, port: number): string[] {
  return [
    `--etcd-servers=${etcdUrl}`,
    `--bind-address=${address}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${folder.at("server.crt")}`,
    `--tls-private-key-file=${folder.at("server.key")}`,
    `--client-ca-file=${folder.caFile}`,
    "--service-account-issuer=https://lab.invalid",
    `--service-account-signing-key-file=${folder.at("sa.key")}`,
    `--service-account-key-file=${folder.at("sa.key")}`,
    "--api-audiences=lab",
    "--authorization-mode=RBAC",
    `--token-auth-file=${folder.at("tokens.csv")}`,
    "--anonymous-auth=false",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--endpoint-reconciler-type=none",
    `--disable-admission-plugins=${unusedAdmission.join(",")}`,
    "--event-ttl=10m",
    "--profiling=false",
    `--audit-policy-file=${folder.at("audit-policy.yaml")}`,
    `--audit-log-path=${folder.at("audit.log")}`,
    "--audit-log-maxsize=10000", // megabytes: it is never rotated away from its reader
  ];
}
