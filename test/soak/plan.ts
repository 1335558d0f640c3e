/** What a soak does and when: all of it follows from the seed. */

/** Who is hit: the candidate that runs the command at that moment, or one of the others. */
export type Role = "holder" | "standby";

export const candidateFaults = [
  "kill leader-exec",
  "kill the command",
  "kill the guard",
  "freeze leader-exec",
  "freeze the command",
  "freeze the guard",
  "stop politely",
  "black hole",
  "resets",
  "delays",
] as const;
export const leaseFaults = ["foreign annotations", "delete the Lease"] as const;
export const serverFaults = ["freeze the server", "restart the server"] as const;

export type FaultKind = (typeof candidateFaults)[number] | (typeof leaseFaults)[number] | (typeof serverFaults)[number];

/** Milliseconds from the beginning of the soak. */
export interface PlannedFault {
  readonly at: number;
  /** From 0 on; -1: the API server that all share. */
  readonly lease: number;
  readonly kind: FaultKind;
  readonly role: Role;
  /** How long it lasts, where it lasts. */
  readonly span: number;
}

/** How a candidate's command behaves; milliseconds. */
export interface Temper {
  readonly cleanup: number;
  readonly ignoresTerm: boolean;
  readonly leavesDaemon: boolean;
  /** It ends by itself after this time; null: it never does. */
  readonly endsAfter: number | null;
}

/** Quiet at the beginning, until everything runs. */
const quiet = 5_000;
/** The longest that a fault lasts: more than a lease duration. */
const longestSpan = 8_000;

/** The faults of a soak in the order of their times. */
export function plan(seed: number, spanMs: number, leases: number): PlannedFault[] {
  const faults = Array.from({ length: leases }, (_, lease) => faultsOf(lease, seed, spanMs)).flat();
  return [...faults, ...faultsOfServer(seed, spanMs)].sort((a, b) => a.at - b.at || a.lease - b.lease);
}

function faultsOf(lease: number, seed: number, spanMs: number): PlannedFault[] {
  const random = randomNumbers(seed, lease);
  const kinds = [...candidateFaults, ...candidateFaults, ...leaseFaults]; // those of a Lease are half as frequent
  const faults: PlannedFault[] = [];
  for (let at = quiet; at < spanMs; at += 500 + random() * 9_500) {
    const kind = kinds[Math.floor(random() * kinds.length)] ?? "stop politely";
    const role = random() < 0.8 ? "holder" : "standby";
    faults.push({ at: Math.round(at), lease, kind, role, span: Math.round(50 + random() ** 2 * longestSpan) });
  }
  return faults;
}

function faultsOfServer(seed: number, spanMs: number): PlannedFault[] {
  const random = randomNumbers(seed, -1);
  const faults: PlannedFault[] = [];
  for (let at = quiet + 20_000 + random() * 40_000; at < spanMs; at += 45_000 + random() * 90_000) {
    const kind = random() < 0.6 ? "freeze the server" : "restart the server";
    faults.push({
      at: Math.round(at),
      lease: -1,
      kind,
      role: "holder",
      span: Math.round(200 + random() * longestSpan),
    });
  }
  return faults;
}

/** The temper of the nth command of one candidate of one Lease. */
export function temper(seed: number, lease: number, candidate: number, nth: number): Temper {
  const random = randomNumbers(seed, lease, candidate, nth);
  return {
    cleanup: Math.round(random() * 600),
    ignoresTerm: random() < 0.1,
    leavesDaemon: random() < 0.2,
    endsAfter: random() < 0.15 ? Math.round(500 + random() * 10_000) : null,
  };
}

/** Numbers in [0, 1) that follow from the keys: the generator "splitmix32". */
export function randomNumbers(...keys: readonly number[]): () => number {
  let state = keys.reduce((sum, key) => mix(sum ^ Math.imul(key + 0x9e3779b9, 0x85ebca6b)), 0x2545f491);
  return () => {
    state = (state + 0x9e3779b9) | 0;
    return (mix(state) >>> 0) / 2 ** 32;
  };
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
  return mixed ^ (mixed >>> 15);
}
