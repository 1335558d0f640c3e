import { createHash, generateKeyPairSync, randomBytes, sign, type KeyObject } from "node:crypto";
import { isIP } from "node:net";
import { bits, context, integer, octets, oid, sequence, set, utcTime, utf8, yes } from "./der.ts";

/** A certificate and its key, both PEM. */
export interface KeyPair {
  readonly certificate: string;
  readonly key: string;
}

/** What to certify: `hosts` (names and addresses) make a server certificate, none a client's. */
export interface Subject {
  /** The common name: of a client, its Kubernetes user name. */
  readonly name: string;
  /** The organisations: of a client, its Kubernetes groups. */
  readonly groups?: readonly string[];
  readonly hosts?: readonly string[];
  /** Milliseconds since the epoch; far away in both directions by default, as tests step clocks. */
  readonly notAfter?: number;
}

const DAY = 86_400_000;
const algorithm = sequence(oid("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256

const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(oid(id), ...(critical ? [yes()] : []), octets(value));

const distinguished = (name: string, groups: readonly string[] = []): Buffer =>
  sequence(
    ...groups.map((group) => set(sequence(oid("2.5.4.10"), utf8(group)))),
    set(sequence(oid("2.5.4.3"), utf8(name))),
  );

const pem = (der: Uint8Array): string =>
  `-----BEGIN CERTIFICATE-----\n${(
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? []
  ).join("\n")}\n-----END CERTIFICATE-----\n`;

/** A new P-256 key as PEM in SEC 1 form, which every reader of EC keys knows. */
export function newKey(): { publicKey: KeyObject; privateKey: KeyObject; pem: string } {
  const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return { ...pair, pem: pair.privateKey.export({ type: "sec1", format: "pem" }).toString() };
}

const keyId = (key: KeyObject): Buffer =>
  createHash("sha1")
    .update(key.export({ type: "spki", format: "der" }))
    .digest();

const hostName = (host: string): Buffer =>
  isIP(host) === 4 ? context(7, false, Buffer.from(host.split(".").map(Number))) : context(2, false, Buffer.from(host));

/** A certificate authority that lives as long as this object: node:crypto can check certificates but not make them. */
export class Authority {
  readonly #key = newKey();
  readonly #name: string;
  /** The authority's own certificate, PEM. */
  readonly certificate: string;

  constructor(name: string) {
    this.#name = name;
    this.certificate = this.#certify({ name }, this.#key.publicKey, [
      extension("2.5.29.19", true, sequence(yes())), // basicConstraints: a CA
      extension("2.5.29.15", true, bits(Buffer.from([0x06]), 1)), // keyUsage: keyCertSign, cRLSign
    ]);
  }

  /** A new key with a certificate for it. Hosts are DNS names and IPv4 addresses. */
  issue(subject: Subject): KeyPair {
    const hosts = subject.hosts ?? [];
    const usage = hosts.length > 0 ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2";
    const key = newKey();
    const certificate = this.#certify(subject, key.publicKey, [
      extension("2.5.29.15", true, bits(Buffer.from([0x80]), 7)), // keyUsage: digitalSignature
      extension("2.5.29.37", false, sequence(oid(usage))), // extendedKeyUsage
      ...(hosts.length > 0
        ? [extension("2.5.29.17", false, sequence(...hosts.map(hostName)))] // subjectAltName
        : []),
    ]);
    return { certificate, key: key.pem };
  }

  #certify(subject: Subject, key: KeyObject, extensions: readonly Uint8Array[]): string {
    const now = Date.now();
    const body = sequence(
      context(0, true, integer(Buffer.from([2]))), // version 3
      integer(Buffer.concat([Buffer.from([0x01]), randomBytes(15)])),
      algorithm,
      distinguished(this.#name),
      sequence(utcTime(new Date(now - 1000 * DAY)), utcTime(new Date(subject.notAfter ?? now + 1000 * DAY))),
      distinguished(subject.name, subject.groups),
      key.export({ type: "spki", format: "der" }),
      context(
        3,
        true,
        sequence(
          ...extensions,
          extension("2.5.29.14", false, octets(keyId(key))), // subjectKeyIdentifier
          extension(
            "2.5.29.35",
            false,
            sequence(context(0, false, keyId(this.#key.publicKey))), // authorityKeyIdentifier
          ),
        ),
      ),
    );
    const signature = sign("sha256", body, this.#key.privateKey);
    return pem(sequence(body, algorithm, bits(signature)));
  }
}
