import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { width } from "../../../bench/plots/page.ts";
import { drawing } from "./drawing.ts";
import { drawingFile, readStory } from "./story.ts";

void test("docs/coordinated.svg shows what was recorded: node --import tsx test/coordinated/story/record.ts records it anew", () => {
  assert.equal(readFileSync(drawingFile, "utf8"), drawing(readStory()));
});

void test("each scene ends with one command that runs, and no command begins before the one before it has ended", () => {
  for (const { title, steps } of readStory().scenes) {
    const commands = steps.flatMap((step) => ("command" in step ? [step.command] : []));
    assert.deepEqual(commands, title.includes("elected at once") ? ["begins"] : ["ends", "begins"], title);
  }
});

void test("the drawing has a title, a description with all steps, and lies within its page", () => {
  const svg = drawing(readStory());
  assert.match(svg, /role="img" aria-labelledby="title desc"/);
  for (const [, text = ""] of svg.matchAll(/ (?:x|x1|x2)="([^"]*)"/g))
    assert.ok(Number(text) >= 0 && Number(text) <= width);
  for (const { title } of readStory().scenes) assert.ok(svg.includes(title.replace(/"/g, "&#34;")), title);
});
