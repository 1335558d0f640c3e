/** Many standbys on one Lease: who was too slow lets others go first the next time. */
import type { Millis, Turn } from "./types.ts";

const firstRaceRange: Millis = 10;
const longestRaceRange: Millis = 500;

/** What a candidate that lost races waits at the next one: nothing at first, then a random part of a growing range. */
export function raceJitter(lostRaces: number, turn: Turn): Millis {
  return turn.chance * raceRange(lostRaces);
}

/**
 * The count after one more lost race. A range shorter than a try takes separates nobody, as everybody in it tries before the
 * first is seen to have won: it grows eightfold then, so that a large crowd parts after a few hand-overs. Not at once to what the
 * try took: one slow answer must not make the only standby left wait for long.
 */
export function lostAgain(lostRaces: number, took: Millis): number {
  return lostRaces + (raceRange(lostRaces + 1) < took ? 3 : 1);
}

function raceRange(lostRaces: number): Millis {
  return lostRaces === 0 ? 0 : Math.min(longestRaceRange, firstRaceRange * 2 ** (lostRaces - 1));
}
