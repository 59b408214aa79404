import { FormulaError } from "../../errors.js";

/** A formula as a tree. `at` is where its text begins in the formula, from 0. */
export type Formula =
  | { readonly kind: "literal"; readonly at: number; readonly value: number | string | boolean | null }
  | { readonly kind: "column"; readonly at: number; readonly name: string }
  | { readonly kind: "call"; readonly at: number; readonly name: string; readonly args: readonly Formula[] };

/** A piece of a formula's text. */
export interface Token {
  readonly kind: "number" | "text" | "name" | "quoted" | "sign" | "end";
  readonly text: string;
  readonly at: number;
}

/** The error for a formula that can't be read or computed, with its position from 1. */
export function formulaError(formula: string, at: number, what: string): FormulaError {
  const shown = formula.length > 200 ? `${formula.slice(0, 200)}...` : formula;
  return new FormulaError(`Formula "${shown}", position ${at + 1}: ${what}.`, { formula, position: at + 1 });
}

const PATTERNS: readonly (readonly [Token["kind"], RegExp])[] = [
  ["number", /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y],
  ["name", /[\p{L}_][\p{L}\p{N}_]*/uy],
  ["sign", /<=|>=|!=|==|<>|&&|\|\||[-+*/%^()<>=!,]/y],
];
const CLOSED_BY = new Map([
  ['"', "text"],
  ["'", "text"],
  ["`", "quoted"],
] as const);

/** Cuts a formula into pieces. */
export function tokensOf(formula: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    while (/\s/.test(formula.charAt(at))) at++;
    if (at === formula.length) return [...tokens, { kind: "end", text: "", at }];
    const quote = formula.charAt(at);
    const kind = CLOSED_BY.get(quote as '"');
    if (kind !== undefined) {
      const [text, end] = quoted(formula, at, quote);
      tokens.push({ kind, text, at });
      at = end;
      continue;
    }
    const token = plain(formula, at);
    tokens.push(token);
    at += token.text.length;
  }
}

function plain(formula: string, at: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(formula)?.[0];
    if (text !== undefined) return { kind, text, at };
  }
  throw formulaError(formula, at, `"${formula.charAt(at)}" means nothing here`);
}

/** What stands between two quotes; a quote that is doubled is one of the text. */
function quoted(formula: string, at: number, quote: string): [text: string, end: number] {
  let text = "";
  for (let i = at + 1; i < formula.length; i++) {
    if (formula[i] !== quote) text += formula[i];
    else if (formula[i + 1] === quote) text += formula[i++];
    else return [text, i + 1];
  }
  throw formulaError(formula, at, `the ${quote} is never closed`);
}
