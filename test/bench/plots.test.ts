/** The plots that README and docs/performance.md show. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { barPlot } from "../../bench/plots/bars.ts";
import { plots } from "../../bench/plots/draw.ts";
import { linePlot } from "../../bench/plots/lines.ts";
import { width } from "../../bench/plots/page.ts";
import { duration, linear, logarithmic, short } from "../../bench/plots/scale.ts";
import { stripPlot } from "../../bench/plots/strip.ts";
import { element, text } from "../../bench/plots/svg.ts";
import { performanceFile, plotsFolder, withResults } from "../../bench/publish.ts";
import { readResults, resultsFile, written } from "../../bench/results.ts";

const about = { title: "T", subtitle: "S", footer: "F" };
const axes = { logarithmic: true, tick: duration, value: duration };

const numbersOf = (svg: string, attribute: string): number[] =>
  [...svg.matchAll(new RegExp(` ${attribute}="([^"]*)"`, "g"))].map(([, value]) => Number(value));

void test("docs/plots shows what bench/results.json holds: npm run bench -- --plots draws it", () => {
  const drawn = plots(readResults());
  assert.deepEqual(readdirSync(plotsFolder).sort(), Object.keys(drawn).sort());
  for (const [name, svg] of Object.entries(drawn))
    assert.equal(readFileSync(join(plotsFolder, name), "utf8"), svg, name);
});

void test("docs/performance.md has the table of bench/results.json", () => {
  const page = readFileSync(performanceFile, "utf8");
  assert.equal(withResults(page, readResults()), page);
});

void test("bench/results.json is as it is written, and says for each benchmark when and on what it ran", () => {
  const results = readResults();
  assert.equal(written(results), readFileSync(resultsFile, "utf8"));
  for (const { conditions } of Object.values(results)) {
    assert.match(conditions.day, /^\d{4}-\d\d-\d\d$/);
    for (const fact of [conditions.node, conditions.kubernetes, conditions.kernel]) assert.match(fact, /\d+\.\d+/);
    assert.ok(conditions.cores > 0 && conditions.load >= 0);
  }
});

void test("every plot has a title, a description with its figures, and lies within its page", () => {
  for (const [name, svg] of Object.entries(plots(readResults()))) {
    assert.match(svg, /role="img" aria-labelledby="title desc"/, name);
    assert.match(svg, /<title id="title">[^<]+<\/title>/, name);
    assert.match(svg, /<desc id="desc">[^<]*\d[^<]*<\/desc>/, name);
    const height = Number(/ height="(\d+)"/.exec(svg)?.[1]);
    for (const attribute of ["x", "x1", "x2", "cx"])
      for (const x of numbersOf(svg, attribute)) assert.ok(x >= 0 && x <= width, `${name}: ${attribute} ${x}`);
    for (const attribute of ["y", "y1", "y2", "cy"])
      for (const y of numbersOf(svg, attribute)) assert.ok(y >= 0 && y <= height, `${name}: ${attribute} ${y}`);
  }
});

void test("every plot can be read in light and in dark, on a ground of its own", () => {
  for (const svg of Object.values(plots(readResults()))) {
    assert.match(svg, /@media\(prefers-color-scheme:dark\)/);
    assert.match(svg, /<rect class="paper"/);
    const named = new Set([...svg.matchAll(/var\((--\w+)\)/g)].map(([, name = ""]) => name));
    for (const name of named)
      assert.equal(svg.split(`${name}:`).length - 1, 2, `${name} has a light and a dark colour`);
  }
});

void test("every figure of a hand-over is a dot, in its place on the logarithmic axis", () => {
  const svg = stripPlot(about, [{ name: "a", ours: true, figures: [1, 10, 100] }]);
  const [first = NaN, second = NaN, third = NaN] = numbersOf(svg, "cx");
  assert.equal(numbersOf(svg, "cx").length, 3);
  assert.ok(Math.abs(second - first - (third - second)) < 0.2, "equal ratios are equal distances");
});

void test("a program that was not there has no row", () => {
  const svg = stripPlot(about, [
    { name: "here", ours: true, figures: [5] },
    { name: "away", ours: false, figures: [] },
  ]);
  assert.match(svg, />here</);
  assert.doesNotMatch(svg, /away/);
});

void test("a bar is as long as its figure, with the solid part inside the pale one", () => {
  const words = { unit: "MiB", part: "own", whole: "in all" };
  const svg = barPlot(about, [{ name: "a", ours: true, part: 10, whole: 40 }], words);
  const [whole = NaN, part = NaN] = numbersOf(svg, "width").slice(2);
  assert.ok(Math.abs(whole - 4 * part) < 0.5, `${whole} is four times ${part}`);
  assert.match(svg, />10 own, 40 in all</);
});

void test("a line says how much it was at the largest crowd, in words too", () => {
  const points = [
    { standbys: 1, figures: [20] },
    { standbys: 100, figures: [200, 400, 300] },
  ];
  const svg = linePlot(about, [{ name: "a", ours: true, points }], axes);
  assert.match(svg, />300 ms</);
  assert.match(svg, /<desc id="desc">[^<]*a: 20 ms with 1, 300 ms with 100 standbys/);
});

void test("axes begin at zero or at a power of ten, end above the last figure, and name round figures", () => {
  assert.deepEqual(linear(53, 0, 100).ticks, [0, 20, 40, 60]);
  assert.deepEqual(linear(1904, 0, 100).ticks, [0, 500, 1000, 1500, 2000]);
  assert.deepEqual(logarithmic(3.8, 2400, 0, 100).ticks, [1, 10, 100, 1000, 10000]);
  assert.equal(linear(60, 0, 100).at(45), 75);
  assert.equal(logarithmic(1, 100, 0, 100).at(10), 50);
});

void test("figures are written for people", () => {
  assert.deepEqual([0, 3.84, 35.6, 1904].map(short), ["0", "3.8", "36", "1\u202f904"]);
  assert.deepEqual([10, 999, 2376].map(duration), ["10 ms", "999 ms", "2.4 s"]);
});

void test("text cannot break out of its element, and no plot is drawn with a figure that is none", () => {
  assert.equal(text(1, 2, `<a> & "b"`), `<text x="1" y="2">&#60;a&#62; &#38; &#34;b&#34;</text>`);
  assert.throws(() => element("circle", { cx: NaN }), /NaN/);
});
