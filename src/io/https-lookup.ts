/**
 * Looking up the API server's name when name resolution is in trouble. A look-up cannot be ended, and each one occupies one
 * of the process's four threads for as long as the resolver waits (10 to 30 s): one look-up serves all who ask, so that the
 * others stay free. Addresses that worked before are used while there are no newer ones; the certificate says whether they
 * are still the server's.
 */
import { lookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from "node:dns";
import type { LookupFunction } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Millis } from "../core/types.ts";

/** So long is waited for new addresses where there are old ones. */
const patience: Millis = 1_000;

type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/** A look-up for connections to one server. */
export function sharedLookup(resolve: Resolve = lookup): LookupFunction {
  const running = new Map<string, Promise<LookupAddress[]>>();
  const known = new Map<string, LookupAddress[]>();

  const start = (key: string, hostname: string, options: LookupOptions): Promise<LookupAddress[]> => {
    const job = new Promise<LookupAddress[]>((found, failed) => {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        running.delete(key);
        if (error) failed(error);
        else found(addresses);
      });
    });
    running.set(key, job);
    void job.then((addresses) => known.set(key, addresses)).catch(() => undefined); // told to those who wait
    return job;
  };

  return (hostname, options, done) => {
    const key = JSON.stringify([hostname, options.family, options.hints]);
    const job = running.get(key) ?? start(key, hostname, options);
    const last = known.get(key);
    (last ? newOr(last, job) : job).then(
      (addresses) => {
        const [first] = addresses;
        if (options.all === true || first === undefined) done(null, addresses);
        else done(null, first.address, first.family);
      },
      (error: unknown) => done(error as NodeJS.ErrnoException, []),
    );
  };
}

/** What the job finds, or `last` when it fails or takes too long. */
async function newOr(last: LookupAddress[], job: Promise<LookupAddress[]>): Promise<LookupAddress[]> {
  const patient = new AbortController();
  try {
    return await Promise.race([job.catch(() => last), pause(patience, last, { signal: patient.signal })]);
  } finally {
    patient.abort();
  }
}
