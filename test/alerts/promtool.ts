import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** Prometheus' own program, which checks rules and tries them on series: PROMTOOL, or that of PATH. `flaw`: why it is not used. */
export function findPromtool(): { readonly path: string; readonly flaw?: string } {
  const { PROMTOOL, PATH = "" } = process.env;
  const places = PROMTOOL ? [PROMTOOL] : PATH.split(delimiter).map((folder) => join(folder, "promtool"));
  const path = places.find((place) => {
    try {
      accessSync(place, constants.X_OK);
      return true;
    } catch {
      return false; // perhaps in the next place
    }
  });
  if (path !== undefined) return { path };
  return {
    path: "",
    flaw: `THE ALERTS ARE NOT TRIED: no promtool at ${PROMTOOL || "PATH"}; see test/alerts/README.md`,
  };
}
