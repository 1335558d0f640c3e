/** Names of the npm packages whose code is in the bundles, from esbuild's metafile. */
export function bundledPackages(metafile: object): string[];
