// A cluster for a person, until Ctrl-C: npm run cluster
import { join } from "node:path";
import { startCluster, type Cluster } from "./cluster.ts";
import { CLUSTER_VERSION } from "./build.ts";
import { workerImage } from "./image.ts";
import { whyNoCluster } from "./requirements.ts";

const say = (line: string): void => console.log(line);

async function up(): Promise<number> {
  const reason = whyNoCluster(say);
  if (reason !== undefined) {
    console.error(`THE CLUSTER IS MISSING: ${reason}`);
    return 1;
  }
  const asked = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => resolve());
  });
  const cluster = await startCluster(say);
  explain(cluster);
  const stay = setInterval(() => 0, 1 << 30); // nothing else keeps this process
  await asked;
  clearInterval(stay);
  say("taking the cluster down");
  await cluster.stop();
  return 0;
}

function explain({ kubeconfig, programs }: Cluster): void {
  say(`
Kubernetes ${CLUSTER_VERSION} is up, with two nodes; Ctrl-C takes it down. In another terminal:

    export KUBECONFIG=${kubeconfig}
    alias kubectl=${join(programs, "kubectl")}        # if you have none
    kubectl get nodes

Its image is ${workerImage} (this repository's, tini as entry point), with imagePullPolicy: Never: there is no registry, no DNS and no
way out of its network. To see leader-exec at work:

    kubectl apply -f deploy/rbac.yaml -f deploy/pod-disruption-budget.yaml
    sed -e 's#registry.example/worker:1.*#${workerImage}\\n          imagePullPolicy: Never#' -e 's#- node$#- sleep#' \\
        -e 's#- worker.js#- infinity#' deploy/deployment.yaml | kubectl apply -f -
    kubectl get pods --watch
    kubectl logs --selector app.kubernetes.io/name=worker --prefix
    kubectl get lease worker --watch
`);
}

process.exitCode = await up().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  return 1;
});
