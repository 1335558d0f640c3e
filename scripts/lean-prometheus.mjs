// Only counters, gauges, histograms and the registry of prom-client are used (src/io/prometheus.ts). Its index loads the rest as well
// (summaries with their own tree structures, a client for a push gateway, clusters, metrics of Node): replaced by nothing.
const leftOut = ["bucketGenerators", "cluster", "defaultMetrics", "metricAggregators", "pushgateway", "summary"];

/** An esbuild plugin. */
export const leanPrometheus = {
  name: "lean-prometheus",
  setup(build) {
    build.onResolve({ filter: /^\.\/lib\// }, ({ path, importer }) =>
      leftOut.includes(path.slice("./lib/".length)) && /prom-client[\\/]index\.js$/.test(importer)
        ? { path, namespace: "left-out-of-prometheus" }
        : undefined,
    );
    build.onLoad({ filter: /./, namespace: "left-out-of-prometheus" }, () => ({ contents: "module.exports = {};" }));
  },
};
