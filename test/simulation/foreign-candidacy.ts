/** A LeaseCandidate of client-go: registered, renewed when the server pings it, and never deleted. */
import type { AskAnswer, StoredCandidate } from "../../src/core/candidacy-types.ts";
import type { StoreFailure } from "../../src/core/lease.ts";
import type { Millis } from "../../src/core/types.ts";
import type { Link } from "./link.ts";
import { serverEpoch } from "./sim-api.ts";
import { storedOf } from "./sim-candidates.ts";
import type { Sim } from "./sim.ts";

const retry: Millis = 1_000;

/** Ends the candidacy: whoever was registered stays so, and answers no more. */
export function foreignCandidacy(sim: Sim, link: Link, name: string, version: string): () => void {
  const { candidates, agenda } = sim;
  let isOver = false;
  const isPinged = ({ pingTime, renewTime }: StoredCandidate): boolean =>
    pingTime !== null && pingTime > (renewTime ?? 0);
  const now = (): Millis => Math.floor(serverEpoch + agenda.now);
  const renew = ({ version: known }: StoredCandidate): void =>
    link.ask<AskAnswer>(
      () => candidates.renew(name, known, now()),
      () => undefined,
    );
  const register = (): void => {
    let isThere = false;
    link.ask<AskAnswer>(
      () => candidates.create(name, version, now()),
      (answer: AskAnswer | StoreFailure) => (isThere = answer.kind !== "failed"),
    );
    agenda.after(retry, () => {
      if (!isThere && !isOver) register();
    });
  };
  const unsubscribe = candidates.subscribe((changed, candidate) => {
    if (changed !== name || candidate === null) return;
    link.travel("back", () => {
      const known = storedOf(candidate);
      if (!isOver && isPinged(known)) renew(known);
    });
  });
  register();
  return () => {
    isOver = true;
    unsubscribe();
  };
}
