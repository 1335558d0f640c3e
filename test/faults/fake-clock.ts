import assert from "node:assert/strict";
import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { folderOf } from "../support/candidate.ts";
import { compiled } from "./compiled.ts";

const shim = await compiled("clock", ["-shared", "-fPIC"]);
const place = { rate: 0, anchor: 8, wallStep: 16, asleep: 24 } as const;
const nanos = 1e6;

/** A clock of its own for one leader-exec and its guard: as on another machine (clock.c). */
export class FakeClock {
  /** What a candidate is started with. */
  readonly env: Readonly<Record<string, string>>;
  readonly rate: number;
  readonly #file: number;

  /** `rate`: how fast time goes, from now on. */
  constructor(t: TestContext, rate = 1) {
    assert.ok(shim.kind === "ready", shim.kind === "missing" ? shim.reason : "");
    const path = join(folderOf(t), "clock");
    this.rate = rate;
    this.env = { LD_PRELOAD: shim.path, LD_FAULT_CLOCK: path };
    this.#file = openSync(path, "w+");
    t.after(() => closeSync(this.#file));
    const bytes = Buffer.alloc(32);
    bytes.writeDoubleLE(rate, place.rate);
    bytes.writeBigInt64LE(process.hrtime.bigint(), place.anchor);
    writeSync(this.#file, bytes, 0, bytes.length, 0);
  }

  /** The wall clock is set; milliseconds from the right time. */
  stepWall(by: number): void {
    this.#write(by, place.wallStep);
  }

  /** So much of the time was slept by the machine: CLOCK_MONOTONIC has not counted it, /proc/uptime has. */
  slept(span: number): void {
    this.#write(span, place.asleep);
  }

  #write(ms: number, at: number): void {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(Math.round(ms * nanos)));
    writeSync(this.#file, bytes, 0, bytes.length, at);
  }
}
