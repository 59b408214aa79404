import { type Formula, formulaError, type Token, tokensOf } from "./syntax.js";

/** How tightly an operator binds, and the function it stands for; operators of one level go from left to right. */
const OPERATORS: ReadonlyMap<string, readonly [level: number, name: string]> = new Map([
  ["or", [1, "or"]],
  ["||", [1, "or"]],
  ["and", [2, "and"]],
  ["&&", [2, "and"]],
  ["=", [4, "="]],
  ["==", [4, "="]],
  ["!=", [4, "!="]],
  ["<>", [4, "!="]],
  ["<", [4, "<"]],
  ["<=", [4, "<="]],
  [">", [4, ">"]],
  [">=", [4, ">="]],
  ["+", [5, "+"]],
  ["-", [5, "-"]],
  ["*", [6, "*"]],
  ["/", [6, "/"]],
  ["%", [6, "%"]],
  ["^", [8, "^"]],
] as const);
const NOT = 3;
const COMPARE = 4;
const MINUS = 7;
const POWER = 8;

/** A tree deeper than this is refused, so that walking it never runs out of stack. */
const DEEPEST = 200;

const WORDS: ReadonlyMap<string, boolean | null> = new Map([
  ["true", true],
  ["false", false],
  ["null", null],
]);

/**
 * Reads a formula. Nothing in it runs: it becomes a tree of literals, columns and calls of known functions.
 *
 * @throws FormulaError with the position
 */
export function parseFormula(formula: string): Formula {
  const parser = new Parser(formula);
  const tree = parser.expression(0, 0);
  const rest = parser.next();
  if (rest.kind !== "end") throw formulaError(formula, rest.at, `"${rest.text}" is not expected here`);
  return tree;
}

/** Precedence climbing (Pratt 1973). */
class Parser {
  readonly #formula: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  /** How deep the tree below a node is. */
  readonly #depths = new WeakMap<Formula, number>();

  constructor(formula: string) {
    this.#formula = formula;
    this.#tokens = tokensOf(formula);
  }

  next(): Token {
    return this.#tokens[this.#at++]!;
  }

  expression(least: number, depth: number): Formula {
    let left = this.#operand(depth);
    let compared = false;
    for (;;) {
      const token = this.#tokens[this.#at]!;
      const operator = token.kind === "sign" || token.kind === "name" ? OPERATORS.get(token.text) : undefined;
      if (operator === undefined || operator[0] < least) return left;
      const [level, name] = operator;
      if (level === COMPARE && compared) {
        throw formulaError(this.#formula, token.at, "comparisons don't chain: write a < b and b < c");
      }
      compared = level === COMPARE;
      this.#at++;
      // a power binds its right side first: 2 ^ 3 ^ 2 is 2 ^ 9, and 2 ^ -1 is a half
      const right = this.expression(level === POWER ? MINUS : level + 1, depth + 1);
      left = this.#call(token.at, name, [left, right]);
    }
  }

  #operand(depth: number): Formula {
    const token = this.next();
    if (depth > DEEPEST) throw this.#tooDeep(token.at);
    if (token.kind === "number") return { kind: "literal", at: token.at, value: Number(token.text) };
    if (token.kind === "text") return { kind: "literal", at: token.at, value: token.text };
    if (token.kind === "quoted") return { kind: "column", at: token.at, name: token.text };
    if (token.text === "-") return this.#call(token.at, "negate", [this.expression(MINUS, depth + 1)]);
    if (token.text === "not" || token.text === "!") {
      return this.#call(token.at, "not", [this.expression(token.text === "!" ? POWER : NOT, depth + 1)]);
    }
    if (token.text === "(") {
      const inside = this.expression(0, depth + 1);
      this.#expect(")");
      return inside;
    }
    if (token.kind !== "name" || OPERATORS.has(token.text)) {
      const found = token.kind === "end" ? "the formula ends here" : `"${token.text}" is not expected here`;
      throw formulaError(this.#formula, token.at, `${found}; a number, a text, a column or a call belongs here`);
    }
    if (this.#tokens[this.#at]!.text === "(" && this.#tokens[this.#at]!.kind === "sign") {
      return this.#call(token.at, token.text, this.#arguments(depth));
    }
    const word = WORDS.get(token.text);
    if (word !== undefined) return { kind: "literal", at: token.at, value: word };
    return { kind: "column", at: token.at, name: token.text };
  }

  #arguments(depth: number): Formula[] {
    this.#at++;
    const args: Formula[] = [];
    if (this.#isSign(")")) {
      this.#at++;
      return args;
    }
    for (;;) {
      args.push(this.expression(0, depth + 1));
      if (!this.#isSign(",")) break;
      this.#at++;
    }
    this.#expect(")");
    return args;
  }

  #isSign(text: string): boolean {
    const token = this.#tokens[this.#at]!;
    return token.kind === "sign" && token.text === text;
  }

  #expect(text: string): void {
    const token = this.#tokens[this.#at]!;
    if (!this.#isSign(text)) throw formulaError(this.#formula, token.at, `a "${text}" belongs here`);
    this.#at++;
  }

  #call(at: number, name: string, args: readonly Formula[]): Formula {
    const depth = 1 + Math.max(0, ...args.map((arg) => this.#depths.get(arg) ?? 0));
    if (depth > DEEPEST) throw this.#tooDeep(at);
    const node = { kind: "call", at, name, args } as const;
    this.#depths.set(node, depth);
    return node;
  }

  #tooDeep(at: number): Error {
    return formulaError(
      this.#formula,
      at,
      `it nests deeper than ${DEEPEST} levels; make it in several columns, each of the one before`,
    );
  }
}
