/**
 * Credentials from a plugin. One run serves all who wait; it may take longer than a single request, which then fails by
 * its own deadline while the next one finds the answer. A credential that is about to expire is replaced in the
 * background, so that no renewal has to wait for a plugin.
 */
import type { Millis } from "../core/types.ts";
import type { Clock } from "../world.ts";
import { CredentialTrouble, sameProof, type Proof, type ProofSource } from "./credentials-proof.ts";
import { runPlugin, type PluginRun } from "./credentials-plugin-run.ts";
import { member, text } from "./json.ts";
import type { CredentialPlugin } from "./kubernetes-access.ts";

/** A credential is replaced when this is left of its life, or a quarter of it. */
const refreshBefore: Millis = 60_000;
/** An expiry that has passed already (the clocks differ) must not start a plugin for every request. */
const atLeast: Millis = 5_000;

interface Held {
  readonly proof: Proof;
  readonly refreshAt: Millis;
  readonly expiresAt: Millis;
}

export class PluginSource implements ProofSource {
  readonly description: string;
  readonly #plugin: CredentialPlugin;
  readonly #where: string;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #clock: Clock;
  #held: Held | undefined;
  #running: { readonly run: PluginRun; readonly proof: Promise<Proof> } | undefined;

  constructor(
    plugin: CredentialPlugin,
    where: string,
    env: Readonly<Record<string, string | undefined>>,
    clock: Clock,
  ) {
    this.description = `the credential plugin ${plugin.command}`;
    this.#plugin = plugin;
    this.#where = where;
    this.#env = env;
    this.#clock = clock;
  }

  async get(refused: Proof | undefined): Promise<Proof> {
    if (refused && this.#held && sameProof(refused, this.#held.proof)) this.#held = undefined;
    const held = this.#held;
    const now = this.#clock.now();
    if (held && now < held.refreshAt) return held.proof;
    const proof = this.#run();
    if (!held || now >= held.expiresAt) return proof;
    proof.catch(() => undefined); // the next one who really needs it will be told why
    return held.proof;
  }

  close(): void {
    this.#running?.run.kill();
  }

  #run(): Promise<Proof> {
    if (this.#running) return this.#running.proof;
    if (this.#plugin.needsTerminal)
      return Promise.reject(
        this.#trouble("needs a terminal (interactiveMode: Always); use credentials that need none"),
      );
    const run = runPlugin(this.#plugin, this.#env, this.#where);
    const proof = run.output
      .then((output) => {
        this.#held = this.#parse(output);
        return this.#held.proof;
      })
      .finally(() => {
        this.#running = undefined;
      });
    this.#running = { run, proof };
    return proof;
  }

  /** An ExecCredential (client.authentication.k8s.io). */
  #parse(output: string): Held {
    const status = member(parseJson(output), "status");
    const token = text(status, "token");
    const proof: Proof = {
      authorization: token === undefined ? undefined : `Bearer ${token}`,
      certificate: text(status, "clientCertificateData"),
      key: text(status, "clientKeyData"),
    };
    if (!token && !(proof.certificate && proof.key))
      throw this.#trouble(
        "printed no ExecCredential with a token or a client certificate; run it by hand to see what it prints",
      );
    const now = this.#clock.now();
    const expiry = Date.parse(text(status, "expirationTimestamp") ?? "");
    if (Number.isNaN(expiry)) return { proof, refreshAt: Infinity, expiresAt: Infinity };
    const life = Math.max(expiry - this.#clock.wall(), atLeast);
    return { proof, refreshAt: now + life - Math.min(refreshBefore, life / 4), expiresAt: now + life };
  }

  #trouble(what: string): CredentialTrouble {
    return new CredentialTrouble(`${this.description} (from ${this.#where}) ${what}`);
  }
}

function parseJson(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return undefined; // told as "printed no ExecCredential": what it printed may hold secrets
  }
}
