/** What a user is told about the candidacy: every sentence in one place, as in report.ts. */
import type { CandidacyEffect, Profile } from "./candidacy-types.ts";

const meanwhile = {
  auto: "the Lease is taken the plain way meanwhile (--coordinated=auto)",
  always: "nothing is run before the server elects (--coordinated=always)",
} as const;

export const tell = {
  registered: ({ identity, binaryVersion, emulationVersion, strategy }: Profile): CandidacyEffect => {
    const emulates = emulationVersion === binaryVersion ? "" : ` (emulating ${emulationVersion})`;
    return line(
      "info",
      `registered as the candidate ${identity}, version ${binaryVersion}${emulates}: the server elects by ${strategy}`,
    );
  },
  leftBehind: (message: string): CandidacyEffect =>
    line(
      "warn",
      `${message}; until our LeaseCandidate is deleted the server may elect it, and waits 5 s for it in elections of the next 30 minutes`,
    ),
  deletedByHand: line("warn", "our LeaseCandidate was deleted; registering again"),
};

export function troubleLine(message: string, mode: Profile["mode"]): CandidacyEffect {
  return line("warn", `${message}; ${meanwhile[mode]}`);
}

export function quarrelLine(quarrel: string): CandidacyEffect {
  return line("warn", quarrel);
}

function line(level: "info" | "warn", message: string): CandidacyEffect {
  return { kind: "tell", line: { level, kind: "candidacy", message, fields: {} } };
}
