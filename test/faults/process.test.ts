import { describeWithLab } from "../lab/index.ts";
import { serverPlace } from "./place.ts";
import { processFaults } from "./process.ts";

await describeWithLab("faults of processes, on a real API server", (lab) => {
  processFaults(() => serverPlace(lab()));
});
