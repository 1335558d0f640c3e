import { compiled, type Compiled } from "./compiled.ts";

/** True where a missing compiler is a failure. */
export const probeIsRequired = (): boolean => process.env["CI"] === "true";

/** The command under test, compiled. */
export const findProbe = (): Promise<Compiled> => compiled("probe", ["-static"]);
