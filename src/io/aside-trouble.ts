/** Why a request beside the election did not do what it should, as the second half of a sentence. */
import { parseBody } from "./kubernetes-answer.ts";
import type { AsideAnswer } from "./kubernetes-aside.ts";
import { text } from "./json.ts";

export interface AsideTrouble {
  readonly message: string;
  /** 0: there was no answer. */
  readonly status: number;
  /** The server has answered that it did not do it; else it may have, or may still do it. */
  readonly isRefusal: boolean;
}

/** What was asked, for who has no right to it. */
export interface AskedAside {
  /** "create events" */
  readonly what: string;
  readonly namespace: string;
  /** As a Role has it. */
  readonly rule: string;
}

/** Null: it was done. */
export function asideTrouble(answer: AsideAnswer, asked: AskedAside): AsideTrouble | null {
  if ("kind" in answer) return { message: answer.message, status: 0, isRefusal: false };
  const { status, body, server } = answer;
  if (status >= 200 && status <= 299) return null;
  const said = text(parseBody(body), "message") ?? body;
  return { message: because(status, said, server, asked), status, isRefusal: status >= 400 && status <= 499 };
}

function because(status: number, said: string, server: string, { what, namespace, rule }: AskedAside): string {
  const user = /User "([^"]+)" cannot \w+ resource/.exec(said)?.[1];
  if (status === 403 && user !== undefined)
    return `the user "${user}" is not allowed to ${what} in the namespace "${namespace}" on ${server} (HTTP 403); add this rule to its Role there: ${rule}`;
  const line = said
    .replace(/[\s\p{Cc}]+/gu, " ")
    .trim()
    .slice(0, 300);
  return `the API server ${server} turned it down (HTTP ${status})${line === "" ? "" : `, saying "${line}"`}`;
}
