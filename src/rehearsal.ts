/**
 * A hand-over in which everything is imaginary. What V8 runs for the first time it has to compile first, and in the hand-over that
 * counts others wait for that (measured: 0.8 ms of 16).
 */
import { service } from "./core/job.ts";
import type { StoredLease, Write } from "./core/lease.ts";
import { releasedRecord } from "./core/released-record.ts";
import type { Outcome } from "./core/types.ts";
import { member } from "./io/json.ts";
import { leaseObject, parseLease } from "./io/lease-json.ts";
import { StderrLog } from "./io/log.ts";
import type { Options } from "./options.ts";
import { run } from "./run.ts";
import type { Clock, CommandListener, CommandRunner, LeaseStore } from "./world.ts";

/** The loop stands by, takes over, runs a command and releases, all of it in memory. */
export function playHandOver(
  { timing, logFormat: format }: Pick<Options, "timing" | "logFormat">,
  clock: Clock,
): Promise<Outcome> {
  const settings = { level: "info", format, colour: false, context: {} } as const;
  const sink = { write: () => true, drain: () => Promise.resolve(true) };
  const world = {
    clock,
    store: imaginaryStore(clock),
    command: new ImaginaryCommand(),
    signals: { listen: () => undefined, close: () => undefined },
    log: new StderrLog(settings, () => clock.wall(), sink),
    random: () => 0,
    wakeIn: () => undefined,
  };
  return run(world, {
    identity: "imaginary",
    timing,
    stopSignal: "SIGTERM",
    stopSignalReplacesTerm: false,
    job: service,
  });
}

/** Somebody else holds its Lease, and releases it as soon as it is watched. */
function imaginaryStore(clock: Clock): LeaseStore {
  let version = 0;
  const stored = (write: Write): StoredLease => {
    const object = leaseObject(write, "imaginary", "imaginary");
    const metadata = { ...member(object, "metadata"), uid: "imaginary", resourceVersion: String(++version) };
    const lease = parseLease(JSON.parse(JSON.stringify({ ...object, metadata })));
    if (lease === null) throw new Error("what we write cannot be read");
    return lease;
  };
  const bequest = { coordination: null, holdUntil: null, done: null, lastTick: null };
  const free = releasedRecord(0, bequest, { wall: clock.wall() });
  const held = stored({ base: null, record: { ...free, holder: "another", durationSeconds: 15, markedBy: "another" } });
  return {
    description: "",
    read: () => Promise.resolve({ kind: "found", lease: held }),
    write: (write) => Promise.resolve({ kind: "stored", lease: stored(write) }),
    watch: (_since, listener) => {
      soon(() => listener.changed(stored({ base: held, record: free })));
      return { close: () => undefined };
    },
    close: () => undefined,
  };
}

const soon = (action: () => void): void => void Promise.resolve().then(action);

/** Ends as soon as it was started. */
class ImaginaryCommand implements CommandRunner {
  #listener: CommandListener | null = null;

  listen(listener: CommandListener): void {
    this.#listener = listener;
  }

  start(): void {
    soon(() => {
      this.#listener?.started(0);
      this.#listener?.ended({ kind: "exited", code: 0 });
      this.#listener?.treeGone();
    });
  }

  expectStart(): void {}
  guardUntil(): void {}
  forward(): void {}
  killTree(): void {}
  close(): void {}
}
