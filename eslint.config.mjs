import tseslint from "typescript-eslint";

const impure = [
  "process",
  "Date",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "console",
  "performance",
  "fetch",
  "queueMicrotask",
];

/** Import direction: what these files must not import, as a regular expression over the import's text. */
const forbid = (files, regex, message) => ({
  files,
  rules: { "no-restricted-imports": ["error", { patterns: [{ regex, message }] }] },
});

const soleImporters = {
  commander: "src/flag-parser.ts",
  "@kubernetes/client-node": "src/io/kubeconfig.ts",
  "js-yaml": "src/io/kubeconfig-document.ts",
  "socks-proxy-agent": "src/io/proxy-tunnel.ts",
  croner: "src/bundles/schedule.ts",
  execa: "src/bundles/execa.ts",
  "prom-client": "src/io/prometheus.ts",
  "signal-exit": "src/io/last-resort.ts",
};
const packages = Object.keys(soleImporters);
const anyOf = (names) => `^(${names.join("|")})(/|$)`;
const notForIo = "^\\.\\./(main|run|cli)|core/(?!(types|lease|candidacy-types)\\.ts$)";
const once = "each package is imported by exactly one file; io sees world and the types of core";

export default tseslint.config(
  { ignores: ["dist/", "node_modules/"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "no-empty": ["error", { allowEmptyCatch: false }],
      "no-warning-comments": ["error", { terms: ["todo", "fixme"], location: "anywhere" }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      "max-lines": ["error", { max: 180, skipBlankLines: false, skipComments: false }],
    },
  },
  {
    files: ["src/**/*.ts"],
    ignores: [
      "src/io/**",
      "src/bundles/**",
      "src/main.ts",
      "src/command-line.ts",
      "src/guard-main.ts",
      "src/release-main.ts",
    ],
    rules: {
      "no-restricted-globals": ["error", ...impure],
      "no-restricted-properties": [
        "error",
        {
          object: "Math",
          property: "random",
          message: "randomness comes in as data (Moment.chance)",
        },
      ],
    },
  },
  forbid(["src/*.ts"], anyOf(packages), once),
  forbid(["src/io/**/*.ts", "src/bundles/**/*.ts"], `${anyOf(packages)}|${notForIo}`, once),
  ...Object.values(soleImporters).map((file) =>
    forbid(
      [file],
      anyOf(packages.filter((name) => soleImporters[name] !== file)) + (file.includes("/io/") ? `|${notForIo}` : ""),
      once,
    ),
  ),
  forbid(["src/core/**/*.ts"], "^(?!\\./)", "core sees core alone, and no package"),
  forbid(["src/world.ts"], "^(?!\\./core/)", "world sees the types of core alone"),
  forbid(["src/run.ts"], "^(?!\\./(core/|world\\.ts$))", "run sees core and world alone"),
  {
    files: ["test/**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 400 }],
      // node:test's test() and describe() return promises that the runner itself awaits.
      "@typescript-eslint/no-floating-promises": [
        "error",
        {
          allowForKnownSafeCalls: [
            { from: "package", package: "node:test", name: ["test", "it", "describe", "suite"] },
          ],
        },
      ],
    },
  },
);
