import { describe } from "node:test";
import { filePlace } from "./place.ts";
import { processFaults } from "./process.ts";

describe("faults of processes, on the file store", () => {
  processFaults(filePlace);
});
