/** The plots of docs/plots, from the results that are kept. */
import { conditionsLine, type Result, type Results } from "../results.ts";
import { median, type Row } from "../rows.ts";
import { barPlot, type Bar } from "./bars.ts";
import { linePlot, type Line, type LineAxes } from "./lines.ts";
import { duration, short } from "./scale.ts";
import { stripPlot } from "./strip.ts";

/** By the name of the file; only those whose benchmarks have run. */
export function plots(results: Results): Record<string, string> {
  const { "hand-over": handOver, idle, contention } = results;
  return {
    ...(handOver === undefined ? {} : { "hand-over.svg": handOverPlot(handOver) }),
    ...(idle === undefined ? {} : { "memory.svg": memoryPlot(idle) }),
    ...(contention === undefined ? {} : crowdPlots(contention)),
  };
}

function handOverPlot({ conditions, rows }: Result): string {
  const base = (name: string): readonly number[] => rows.find((row) => row.base === name)?.baseFigures ?? [];
  const figures = (what: string): readonly number[] => rows.find((row) => row.what === what)?.figures ?? [];
  const about = {
    title: "Hand-over after a release",
    subtitle: "From the end of one command to the start of the next; each dot a hand-over, the bar their median",
    footer: conditionsLine(conditions),
  };
  return stripPlot(about, [
    { name: "leader-exec", ours: true, figures: figures("hand-over") },
    { name: "leader-exec, as in pods", ours: true, figures: figures("hand-over, as in pods") },
    { name: "leader-exec, file store", ours: true, figures: figures("hand-over, file store") },
    { name: "etcdctl lock", ours: false, figures: base("etcdctl lock") },
    { name: "client-go", ours: false, figures: base("client-go") },
  ]);
}

function memoryPlot({ conditions, rows }: Result): string {
  const find = (what: string): Row | undefined => rows.find((row) => row.what === what);
  const theirs = (name: string): Bar => ({
    ...{ name, ours: false },
    part: median(find(`private memory, ${name}`)?.figures ?? []),
    whole: median(find(`RSS, ${name}`)?.figures ?? []),
  });
  const ours = (name: string): Bar => ({ ...theirs(name), name: `leader-exec, ${name}`, ours: true });
  const about = {
    title: "Memory while idle, in MiB",
    subtitle: "Solid: of its own. Pale: shared with every process of the same program, such as the Node binary",
    footer: conditionsLine(conditions),
  };
  const bare: Bar = {
    ...{ name: "bare node", ours: false },
    part: median(find("private memory, standby")?.baseFigures ?? []),
    whole: median(find("RSS, guard")?.baseFigures ?? []),
  };
  const bars = [ours("standby"), ours("leader"), ours("guard"), bare, theirs("client-go, standby")];
  const shown = bars.filter(({ whole }) => !Number.isNaN(whole));
  return barPlot(about, shown, { unit: "MiB", part: "own", whole: "with shared" });
}

function crowdPlots({ conditions, rows }: Result): Record<string, string> {
  const footer = conditionsLine(conditions);
  const requests = {
    title: "What standbys ask of the API server",
    subtitle: "Requests a minute of all standbys together, while one holder goes on renewing",
  };
  const times = {
    title: "Hand-over among many standbys",
    subtitle: "From the end of one command to the start of the next; medians and quartiles, all on one machine",
  };
  const plain = { logarithmic: false, tick: short, value: (figure: number) => `${short(figure)} a minute` };
  const long = { logarithmic: true, tick: duration, value: duration };
  const draw = (about: { title: string; subtitle: string }, what: string, axes: LineAxes): string =>
    linePlot({ ...about, footer }, lines(rows, what), axes);
  return {
    "requests.svg": draw(requests, "requests of all", plain),
    "crowd.svg": draw(times, "hand-over", long),
  };
}

function lines(rows: readonly Row[], what: string): Line[] {
  const wanted = rows.filter((row) => row.what.startsWith(`${what}, `));
  const points = (figures: (row: Row) => readonly number[]): Line["points"] =>
    wanted.map((row) => ({ standbys: row.standbys ?? 0, figures: figures(row) }));
  return [
    { name: "leader-exec", ours: true, points: points((row) => row.figures) },
    { name: "client-go", ours: false, points: points((row) => row.baseFigures) },
  ];
}
