// Of execa only the asynchronous spawn with inherited stdio is used (src/bundles/execa.ts). What it has for pipes, transforms,
// messages, verbose output and synchronous calls is replaced here: half of its code, which costs every process that stands by 4 MiB. An
// import that a new version adds makes the build fail, or the bundle larger than its test allows.
import { realpathSync } from "node:fs";
import { dirname, join } from "node:path";

const never = (...names) =>
  names
    .map((name) => `export const ${name} = () => { throw new Error("${name} of execa is not in this build"); };`)
    .join("\n");
const nothing = (...names) => names.map((name) => `export const ${name} = () => undefined;`).join("\n");

/** By their paths in execa's folder. */
const ownFiles = {
  "index.js": 'import { createExeca } from "./lib/methods/create.js";\nexport const execa = createExeca(() => ({}));',
  "lib/methods/main-sync.js": never("execaCoreSync"),
  "lib/methods/template.js": `export const isTemplateString = () => false;\n${never("parseTemplates")}`,
  "lib/pipe/setup.js": never("pipeToSubprocess"),
  "lib/convert/add.js": nothing("addConvertedStreams"),
  "lib/transform/generator.js": never("generatorToStream"),
  "lib/transform/normalize.js": "export const normalizeTransforms = (stdioItems) => stdioItems;",
  "lib/transform/object-mode.js": "export const getFdObjectMode = () => false;",
  "lib/verbose/start.js": nothing("logCommand"),
  "lib/verbose/complete.js": nothing("logResult"),
  "lib/io/contents.js": `export const getBufferedData = async (data) => data;\n${never("getStreamOutput")}`,
  "lib/ipc/methods.js": nothing("addIpcMethods"),
  "lib/ipc/ipc-input.js": nothing("validateIpcInputOption", "sendIpcInput"),
  "lib/ipc/graceful.js": never("sendAbort"),
  "lib/ipc/buffer-messages.js": `
    export const waitForIpcOutput = async ({ ipcOutput }) => ipcOutput;
    export const getBufferedIpcOutput = async (ipcOutputPromise, ipcOutput) => ipcOutput;`,
};
/** Packages that only those need, or whose words nobody reads. */
const packages = {
  "get-stream": "export class MaxBufferError extends Error {}",
  "@sindresorhus/merge-streams": `export default () => { throw new Error("streams are not merged in this build"); };`,
  "human-signals": "export const signalsByName = new Proxy({}, { get: () => ({}) });",
};

/** An esbuild plugin. */
export const leanExeca = {
  name: "lean-execa",
  setup(build) {
    const folder = join(realpathSync(join(import.meta.dirname, "..", "node_modules", "execa")), "/");
    const unused = new Set(Object.keys(ownFiles));
    const isFromExeca = (importer) => importer.startsWith(folder);
    build.onResolve({ filter: /./ }, ({ path, importer }) =>
      path in packages && isFromExeca(importer) ? { path, namespace: "no-pipes" } : undefined,
    );
    build.onLoad({ filter: /./, namespace: "no-pipes" }, ({ path }) => ({ contents: packages[path] }));
    build.onLoad({ filter: /[\\/]execa[\\/].*\.js$/ }, ({ path }) => {
      const file = path.slice(folder.length).replaceAll("\\", "/");
      if (!path.startsWith(folder) || !(file in ownFiles)) return undefined;
      unused.delete(file);
      return { contents: ownFiles[file], loader: "js", resolveDir: dirname(path) };
    });
    build.onEnd(() =>
      unused.size === 0 ? {} : { errors: [{ text: `execa does not import ${[...unused].join(", ")} any more` }] },
    );
  },
};
