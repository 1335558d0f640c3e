/** Every string that the sources put together, to find out whether a quoted line is one that leader-exec can print. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

const sources = join(import.meta.dirname, "..", "..", "src");
/** A template that says less by itself proves nothing. */
const telling = 10;

interface Template {
  readonly parts: readonly string[];
  /** Twice, with gaps as short and as long as they can be. */
  readonly patterns: readonly RegExp[];
  readonly literal: number;
}

const templates: readonly Template[] = readdirSync(sources, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) =>
    templatesIn(ts.createSourceFile(file, readFileSync(join(sources, file), "utf8"), ts.ScriptTarget.ES2023)),
  );

/**
 * Whether some template of the sources makes this line, and others what it puts into its gaps: words that stand in a gap must be a template's,
 * too. Names, numbers and addresses may be any.
 */
export function isPrinted(line: string): boolean {
  return templates.some(
    ({ patterns, literal }) => literal >= telling && patterns.some((pattern) => fits(pattern.exec(line)?.slice(1))),
  );
}

function fits(gaps: readonly string[] | undefined): boolean {
  return gaps?.every((gap) => isList(gap) || isPrinted(gap.trim()) || isPrinted(gap.replace(/^[;:,] /, ""))) ?? false;
}

/** Names, numbers and the like, with commas between them. */
function isList(gap: string): boolean {
  return gap.split(", ").every((item) => item.trim().split(/\s+/).length < 4);
}

function templatesIn(file: ts.SourceFile): Template[] {
  const found: Template[] = [];
  const visit = (node: ts.Node): void => {
    const parts = partsOf(node);
    if (parts !== null) found.push(templateOf(parts));
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

/** Literal pieces of a string with a gap between each two; null: no string. */
function partsOf(node: ts.Node): string[] | null {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.PlusToken) return null;
  const [left, right] = [partsOf(node.left), partsOf(node.right)];
  if (left === null || right === null) return null;
  return [...left.slice(0, -1), (left.at(-1) ?? "") + (right[0] ?? ""), ...right.slice(1)];
}

function templateOf(parts: readonly string[]): Template {
  const escaped = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const patterns = ["(.*?)", "(.*)"].map((gap) => new RegExp(`^${escaped.join(gap)}$`));
  return { parts, patterns, literal: parts.join("").length };
}

/** Whether a template has this in one piece, or in pieces around numbers and signals ("it has 25s to end by itself"). */
export function isQuoted(piece: string): boolean {
  const words = piece.split(/\d[\w.]*|SIG[A-Z]+/);
  return templates.some(({ parts }) =>
    parts.some((_, at) => words.every((word, index) => (parts[at + index] ?? "").includes(word))),
  );
}
