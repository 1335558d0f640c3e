/** Answers from outside, bundled apart: most runs are not asked. */
export { startHealth } from "../outside.ts";
