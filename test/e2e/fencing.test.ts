import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { until } from "../lab/index.ts";
import { Candidate, folderOf, shortTimes } from "../support/candidate.ts";
import { describeWithPostgres, type Postgres, type Session } from "../support/postgres.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "safety.md"), "utf8");

/** The block of code that the page on safety has behind <!-- name -->, as it stands there. */
function block(name: string): string {
  const found = new RegExp(`<!-- ${name} -->\n\n\`\`\`\\w+\n([^]*?)\n\`\`\``).exec(page)?.[1];
  assert.ok(found !== undefined, `docs/safety.md has a block "${name}"`);
  return found;
}

const insert = (line: string): string => `INSERT INTO report (line) VALUES ('${line}')`;
const overtaken = /fencing token \d+ of Lease "worker" was overtaken/;

describeWithPostgres("the page on safety, on a real PostgreSQL: the database", (postgres) => {
  test("takes what the newest holder writes, and refuses a smaller token, as the page shows it", async (t) => {
    const server = await fenced(postgres());
    const [old, next] = [await holder(t, server, "4711"), await holder(t, server, "4712")];
    await old.sql(block("sql: first"));
    await old.sql(insert("old"));
    await next.sql(block("sql: first"));
    await next.sql(insert("new"));
    await assert.rejects(old.sql(insert("too late")), ({ message }: Error) => {
      assert.ok(message.includes(block("refusal")), message);
      return true;
    });
    for (const change of ["UPDATE report SET line = 'x'", "DELETE FROM report", "TRUNCATE report"])
      await assert.rejects(old.sql(change), overtaken);
    await assert.rejects(old.sql(block("sql: first")), overtaken);
    await next.sql(insert("more"));
    assert.deepEqual(await lines(server), ["old", "new", "more"]);
  });

  test("refuses a connection that never said its token", async () => {
    const server = await fenced(postgres());
    await assert.rejects(server.sql(insert("who am I")), /leader\.token/);
    assert.deepEqual(await lines(server), []);
  });

  test("compares whole 64 bits", async (t) => {
    const server = await fenced(postgres());
    const next = await holder(t, server, "9223372036854775807");
    await next.sql(insert("largest"));
    const old = await holder(t, server, "9223372036854775806"); // the same number in JavaScript
    await assert.rejects(old.sql(insert("too late")), overtaken);
    assert.deepEqual(await lines(server), ["largest"]);
  });

  test("lets an old transaction end before a new holder writes, and nothing of the old one come after it", async (t) => {
    const server = await fenced(postgres());
    const [old, next] = [await holder(t, server, "1"), await holder(t, server, "2")];
    await old.sql(block("sql: first"));
    await old.sql(`BEGIN; ${insert("old 1")}`);
    const waiting = next.sql(insert("new"));
    await locked(server);
    await old.sql(insert("old 2"));
    assert.deepEqual(await lines(server), []);
    await old.sql("COMMIT");
    await waiting;
    await assert.rejects(old.sql(insert("old 3")), overtaken);
    assert.deepEqual(await lines(server), ["old 1", "old 2", "new"]);
  });

  test("refuses an old holder at every isolation level, also when it looked before the new one came", async (t) => {
    for (const level of ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]) {
      const server = await fenced(postgres());
      const [old, next] = [await holder(t, server, "1"), await holder(t, server, "2")];
      await old.sql(insert("old"));
      await old.sql(`BEGIN ISOLATION LEVEL ${level}; SELECT line FROM report`);
      await next.sql(insert("new"));
      await assert.rejects(old.sql(insert("too late")), /was overtaken|could not serialize access/);
      await old.sql("COMMIT");
      assert.deepEqual(await lines(server), ["old", "new"], level);
    }
  });

  test("lets the transactions of one holder run side by side", async (t) => {
    const server = await fenced(postgres());
    const [one, two] = [await holder(t, server, "1"), await holder(t, server, "1")];
    await one.sql(block("sql: first"));
    await one.sql(`BEGIN; ${insert("a")}`);
    await two.sql(`BEGIN; ${insert("b")}`);
    await two.sql("COMMIT");
    await one.sql("COMMIT");
    assert.deepEqual((await lines(server)).sort(), ["a", "b"]);
  });

  test("ends the session of an old holder that is frozen in a transaction, and its work with it", async (t) => {
    const server = await fenced(postgres());
    await server.sql(block("sql: patience"));
    t.after(() => server.sql("ALTER ROLE CURRENT_USER RESET idle_in_transaction_session_timeout"));
    const [old, next] = [await holder(t, server, "1"), await holder(t, server, "2")];
    await old.sql(`BEGIN; ${insert("half")}`);
    await next.sql(insert("new"));
    await assert.rejects(old.sql("COMMIT"), /idle-in-transaction timeout|connection/);
    assert.deepEqual(await lines(server), ["new"]);
  });

  test("takes the small tokens of a restored etcd once the large ones are forgotten", async (t) => {
    const server = await fenced(postgres());
    await (await holder(t, server, "5000000")).sql(insert("before"));
    const restored = await holder(t, server, "1200");
    await assert.rejects(restored.sql(insert("refused")), overtaken);
    await server.sql(block("sql: restored"));
    await restored.sql(insert("after"));
    assert.deepEqual(await lines(server), ["before", "after"]);
  });

  test("gets its token from PGOPTIONS, as leader-exec gives it to the command", async (t) => {
    const server = await fenced(postgres());
    const store = folderOf(t);
    const started = (token: string): string => `printenv LEADER_FENCING_TOKEN >&2; ${token} ${block("sh: options")}`;
    const runOnce = async (token = ""): Promise<[number | null, string]> => {
      const candidate = new Candidate(t, {
        args: ["--enable-leader-election", "--lease-store", `file:${store}`, ...shortTimes],
        command: ["sh", "-c", started(token)],
        env: { ...server.env, PATH: `${join(server.psql, "..")}:${process.env["PATH"] ?? ""}` },
      });
      const code = await candidate.code();
      return [code, candidate.stderr];
    };
    const [code, text] = await runOnce();
    assert.equal(code, 0, text);
    const first = /^\d+$/m.exec(text)?.[0] ?? "";
    assert.equal((await runOnce())[0], 0);
    const [refused, why] = await runOnce(`LEADER_FENCING_TOKEN=${first};`);
    assert.equal(refused, 1);
    assert.match(why, overtaken);
    assert.deepEqual(await lines(server), ["done", "done"]);
  });
});

/** A database with the page's tables, anew. */
async function fenced(server: Postgres): Promise<Postgres> {
  await server.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  await server.sql(block("sql: fence"));
  await server.sql(block("sql: trigger"));
  return server;
}

/** A connection that has said this token, with the page's statement. */
async function holder(t: { after(run: () => void): void }, server: Postgres, token: string): Promise<Session> {
  const session = server.session();
  t.after(() => session.close());
  await session.sql(`PREPARE connect(text) AS ${block("sql: connect")}`);
  await session.sql(`EXECUTE connect('${token}')`);
  return session;
}

const lines = (server: Postgres): Promise<string[]> => server.sql("SELECT line FROM report ORDER BY id");

/** Waits until somebody waits for a lock. */
async function locked(server: Postgres): Promise<void> {
  const query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'";
  await until("the new holder waits", async () => (await server.sql(query))[0] !== "0");
}
