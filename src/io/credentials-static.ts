/** Proofs that need no program: a token, a token file, name and password, a client certificate. */
import type { Clock } from "../world.ts";
import { RotatingFile } from "./credentials-file.ts";
import { type Proof, type ProofSource } from "./credentials-proof.ts";
import type { Pem, UserAccess } from "./kubernetes-access.ts";

/** A PEM text that may stand in a file. */
export type PemReader = (now: boolean) => Promise<string | undefined>;

export function pemReader(pem: Pem | undefined, clock: Clock): PemReader {
  if (pem === undefined) return () => Promise.resolve(undefined);
  if ("text" in pem) return () => Promise.resolve(pem.text);
  const file = new RotatingFile(pem.file, clock);
  return (now) => file.read(now);
}

/** The token file counts before the token, as in client-go; both before name and password. */
export class StaticSource implements ProofSource {
  readonly description: string;
  readonly #certificate: PemReader;
  readonly #key: PemReader;
  readonly #tokenFile: RotatingFile | undefined;
  readonly #fixed: string | undefined;

  /** `where`: the configuration that names the files. */
  constructor(user: UserAccess, where: string, clock: Clock) {
    this.#certificate = pemReader(user.certificate, clock);
    this.#key = pemReader(user.key, clock);
    this.#tokenFile = user.tokenFile === undefined ? undefined : new RotatingFile(user.tokenFile, clock);
    this.description = `a file of the credentials (${user.tokenFile ?? `from ${where}`})`;
    if (user.token !== undefined) this.#fixed = `Bearer ${user.token}`;
    else if (user.basic)
      this.#fixed = `Basic ${Buffer.from(`${user.basic.name}:${user.basic.password}`).toString("base64")}`;
  }

  async get(refused: Proof | undefined): Promise<Proof> {
    const now = refused !== undefined;
    const [token, certificate, key] = await Promise.all([
      this.#tokenFile?.read(now),
      this.#certificate(now),
      this.#key(now),
    ]);
    return { authorization: token === undefined ? this.#fixed : `Bearer ${token}`, certificate, key };
  }

  close(): void {
    // nothing runs
  }
}
