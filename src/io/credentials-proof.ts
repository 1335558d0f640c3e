/** What is shown to the API server to prove who we are. */

/** Texts in PEM. Equal values mean that the source had nothing new. */
export interface Proof {
  /** The Authorization header. */
  readonly authorization: string | undefined;
  readonly certificate: string | undefined;
  readonly key: string | undefined;
}

/** Somewhere to get a proof from. */
export interface ProofSource {
  /** For the sentence when it takes too long: "the credential plugin aws". */
  readonly description: string;
  /**
   * Answers from memory while that is good enough. `refused`: the proof that the server did not accept; the source looks
   * again. Rejects with CredentialTrouble.
   */
  get(refused: Proof | undefined): Promise<Proof>;
  /** Ends whatever runs for it. */
  close(): void;
}

/** There is no proof. The message is the whole sentence for the user. */
export class CredentialTrouble extends Error {
  override readonly name = "CredentialTrouble";
}

export const noProof: Proof = { authorization: undefined, certificate: undefined, key: undefined };

export function sameProof(a: Proof, b: Proof): boolean {
  return a.authorization === b.authorization && a.certificate === b.certificate && a.key === b.key;
}
