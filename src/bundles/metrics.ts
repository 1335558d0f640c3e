/** Metrics, bundled apart with prom-client: loading it costs time and memory. */
export { Meter } from "../meter.ts";
