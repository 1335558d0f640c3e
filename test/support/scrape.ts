/** Reads what Prometheus reads (text format 0.0.4), strictly: a line that does not fit fails the test. */
import assert from "node:assert/strict";
import { ask } from "./ask.ts";

export interface Scrape {
  /** Name to type, of every metric that is announced. */
  readonly types: ReadonlyMap<string, string>;
  /** By name and labels: 'leader_exec_renewals_total{name="job",result="confirmed"}'. */
  readonly samples: ReadonlyMap<string, number>;
}

export async function scrape(address: string): Promise<Scrape> {
  const { status, headers, body } = await ask(address, "/metrics");
  assert.equal(status, 200, body);
  assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  return parseScrape(body);
}

export function parseScrape(text: string): Scrape {
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const samples = new Map<string, number>();
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, kind, about = "", rest = ""] = /^# (HELP|TYPE) (\w+) (.+)$/.exec(line) ?? [];
    if (kind === "HELP") helps.add(about);
    else if (kind === "TYPE") types.set(about, rest);
    else {
      const [, name = "", labels = "", value] = /^([a-z_]+)(\{[^}]*\})? (\S+)$/.exec(line) ?? [];
      assert.ok(value !== undefined, line);
      const family = types.has(name) ? name : name.replace(/_(bucket|sum|count)$/, "");
      assert.ok(types.has(family) && helps.has(family), `${name} has a type and a help`);
      assert.ok(!samples.has(name + labels), `${name}${labels} comes once`);
      assert.ok(Number.isFinite(Number(value)), line);
      samples.set(name + labels, Number(value));
    }
  }
  return { types, samples };
}
