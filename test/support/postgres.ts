import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from "node:child_process";
import { chownSync, closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { until } from "../lab/until.ts";

const run = promisify(execFile);

/** PostgreSQL refuses to run as root: then it runs as Debian's nobody. */
const user = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
const role = "worker";

/**
 * A group of tests that share one PostgreSQL in a temporary folder, reached through a socket in it. Without Debian's package
 * the group is skipped with a line that says so, and with CI=true it fails.
 */
export function describeWithPostgres(title: string, body: (server: () => Postgres) => void): void {
  const programs = findPrograms();
  if (programs === undefined) {
    const reason = "POSTGRESQL IS MISSING: fencing is not tested; run: apt-get install -y postgresql";
    test(title, process.env["CI"] === "true" ? {} : { skip: reason }, () => {
      throw new Error(reason);
    });
    return;
  }
  describe(title, { timeout: 300_000 }, () => {
    let server: Postgres | undefined;
    before(async () => {
      server = await Postgres.start(programs);
    });
    after(() => server?.stop());
    body(() => {
      assert.ok(server !== undefined, "PostgreSQL runs only while tests run");
      return server;
    });
  });
}

/** The folder of the newest installed PostgreSQL's programs. */
function findPrograms(): string | undefined {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  return versions.map((version) => join(root, version, "bin")).find((folder) => existsSync(join(folder, "initdb")));
}

export class Postgres {
  readonly #programs: string;
  readonly #folder: string;
  readonly #server: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(programs: string, folder: string, server: ChildProcess) {
    this.#programs = programs;
    this.#folder = folder;
    this.#server = server;
    this.#ended = new Promise((resolve) => server.once("close", () => resolve()));
  }

  static async start(programs: string): Promise<Postgres> {
    const folder = mkdtempSync(join(tmpdir(), "leader-exec-pg-"));
    try {
      if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
      const data = join(folder, "data");
      const rules = ["--auth=trust", `--username=${role}`, "--no-sync", "--locale=C", "--encoding=UTF8"];
      await run(join(programs, "initdb"), ["-D", data, ...rules], { ...user, cwd: folder });
      const settings = ["listen_addresses=", `unix_socket_directories=${folder}`, "fsync=off"].flatMap((s) => [
        "-c",
        s,
      ]);
      const log = openSync(join(folder, "log"), "w");
      const options = { ...user, cwd: folder, stdio: ["ignore" as const, log, log] };
      const server = new Postgres(
        programs,
        folder,
        spawn(join(programs, "postgres"), ["-D", data, ...settings], options),
      );
      closeSync(log);
      await server.#ready();
      return server;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** What leads libpq to it. */
  get env(): Record<string, string> {
    return { PGHOST: this.#folder, PGUSER: role, PGDATABASE: "postgres", PGOPTIONS: "" };
  }

  /** Where psql is. */
  get psql(): string {
    return join(this.#programs, "psql");
  }

  /** Runs SQL in a session of its own; the answer's lines. Rejects with the server's message. */
  async sql(text: string, env: Record<string, string> = {}): Promise<string[]> {
    const session = new Session(this.psql, { ...this.env, ...env });
    try {
      return await session.sql(text);
    } finally {
      session.close();
    }
  }

  /** A session that stays open. */
  session(env: Record<string, string> = {}): Session {
    return new Session(this.psql, { ...this.env, ...env });
  }

  async stop(): Promise<void> {
    const limit = setTimeout(() => this.#server.kill("SIGQUIT"), 10_000); // "immediate": whatever still hangs
    if (this.#server.exitCode === null) this.#server.kill("SIGINT"); // "fast": sessions are closed
    await this.#ended;
    clearTimeout(limit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #ready(): Promise<void> {
    try {
      await until("PostgreSQL answers", () => this.sql("SELECT 1").catch(() => undefined), 60_000, 100);
    } catch (error) {
      const log = readFileSync(join(this.#folder, "log"), "utf8");
      this.#server.kill("SIGQUIT");
      await this.#ended;
      throw new Error(`${String(error)}; it said:\n${log}`);
    }
  }
}

/** One connection, by a psql that reads what we send it. */
export class Session {
  readonly #psql: ChildProcessWithoutNullStreams;
  #lines: string[] = [];
  #count = 0;
  #over = false;

  constructor(psql: string, env: Record<string, string>) {
    this.#psql = spawn(psql, ["-X", "-q", "-A", "-t"], { env: { ...process.env, ...env } });
    // Line by line: what psql writes to stderr comes in pieces, and the end of a line can come after a line on stdout.
    for (const input of [this.#psql.stdout, this.#psql.stderr])
      createInterface({ input }).on("line", (line) => this.#lines.push(line));
    this.#psql.stdin.on("error", () => undefined); // it has ended: `close` tells
    this.#psql.once("close", () => (this.#over = true));
  }

  /** Rejects with the server's message at the first error. */
  async sql(text: string): Promise<string[]> {
    const done = `done ${++this.#count}`;
    this.#lines = [];
    this.#psql.stdin.write(`\\set ON_ERROR_STOP 0\n${text};\n\\echo ${done}\n\\warn ${done}\n`);
    const isDone = () => this.#over || this.#lines.filter((line) => line === done).length === 2;
    await until(`PostgreSQL answers: ${text}`, isDone, 60_000);
    const lines = this.#lines.filter((line) => line !== "" && line !== done);
    const trouble = lines.find((line) => /^(ERROR|FATAL|psql: error)/.test(line.replace(/^psql:.*?: /, "")));
    if (trouble !== undefined || this.#over) throw new Error(lines.join("\n") || "the connection was closed");
    return lines;
  }

  close(): void {
    this.#psql.stdin.end("\\q\n");
  }
}
