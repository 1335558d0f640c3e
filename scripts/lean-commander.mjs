// commander starts programs for subcommands that are files of their own. There are none here, and to load Node's part for that
// takes a quarter of the time in which --help or a usage error is answered.
export const leanCommander = {
  name: "lean-commander",
  setup(build) {
    build.onResolve({ filter: /^node:child_process$/ }, ({ path, importer }) =>
      /commander[\\/]lib[\\/]command\.js$/.test(importer) ? { path, namespace: "no-programs" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "no-programs" }, () => ({ contents: "module.exports = {};" }));
  },
};
