/** Candidacies for coordinated leader election, bundled apart: most runs elect among themselves. */
export { openCandidacy } from "../candidacy.ts";
