/** The lab, for tests: a real kube-apiserver and etcd. See README.md. */
export { call, candidatePath, leasePath, watchPath, type Answer, type KubeObject, type LeaseSpec } from "./api.ts";
export type { AuditEntry, AuditLog } from "./audit.ts";
export { labAvailability, labIsRequired, type LabAvailability } from "./availability.ts";
export { DEFAULT_VERSION } from "./cache.ts";
export type { Credentials } from "./kubeconfig.ts";
export type { Lab } from "./lab.ts";
export { startProxy, type FaultProxy, type Way } from "./proxy.ts";
export { coordinatedRules, documentedRules, type PolicyRule, type RoleGrant } from "./rbac.ts";
export type { ServerProcess } from "./server-process.ts";
export { startLab, type LabOptions } from "./start.ts";
export { until } from "./until.ts";
export type { LabUser } from "./user.ts";
export { describeWithLab } from "./with-lab.ts";
