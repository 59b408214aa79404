import { CapturedVariableError } from "@graphvm/engine";
import { apply, namespace, nodeId, type Op, rule } from "@graphvm/rules";
import { inspectFunction } from "@graphvm/rules/internal";
import { describe, expect, test } from "vitest";

type Fn = (...args: never[]) => unknown;

/** Functions as text: what a test runner does to this file does not matter then. */
function made(text: string): Fn {
  // biome-ignore lint/security/noGlobalEval: the only way to have a function's text as it is written
  return globalThis.eval(`(${text})`) as Fn;
}
const kindOf = (fn: Fn): string => {
  const identity = inspectFunction(fn);
  if (identity.kind === "captures") return `captures ${identity.variables.join()}`;
  return identity.kind === "closed" ? `closed ${identity.namespaces.join()}`.trim() : identity.kind;
};

describe("D10: a function is closed where its source alone says what it does", () => {
  test.each([
    ["(x) => x + 1"],
    ["function (x) { return x + 1 }"],
    ["function down(x) { return x > 0 ? down(x - 1) : 0 }"],
    ["async (x) => { await null; return x }"],
    ["async function (x) { return x }"],
    ["function* (n) { for (let i = 0; i < n; i++) yield i }"],
    ["async function* (n) { yield n }"],
    ["(x, y = x + 1, { a, b: [c, ...d] } = {}, ...rest) => [x, y, a, c, d, rest]"],
    ["(xs) => xs.map((x) => { const xs = x; return (x) => xs + x })"],
    ["function () { return arguments.length }"],
    ["function () { return () => arguments[0] }"],
    ["function () { return this === undefined }"],
    [
      "(n) => { class A { #p = n; static s = 1; get p() { return this.#p } m() { return super.toString() } } return new A().p }",
    ],
    ["(n) => { class A {} class B extends A { constructor() { super() } } return new B(n) }"],
    ["(x) => `a$".concat("{x}b$", "{((y) => y)(x)}`")],
    ["(x) => { try { throw x } catch (e) { return e } }"],
    ["(x) => { try { return 1 } catch { return x } }"],
    ["(x) => { outer: for (;;) break outer; return Math.max(x, Number.MAX_VALUE, undefined, NaN) }"],
    ["(x) => { var y; { function z() { return y } y = z } return y }"],
    ["(s) => s.replace(/a/g, (m) => m.toUpperCase())"],
    ["({ model, ...options }) => ({ model, options, x: structuredClone(options) })"],
    ["(a) => a?.b?.[0] ?? typeof a"],
    ["(x) => new Float64Array(x).map((_, i) => i)"],
    ["() => [Math.random(), Date.now(), performance.now(), crypto.randomUUID()]"],
  ])("D10: %s", (text) => {
    expect(kindOf(made(text))).toBe("closed");
  });

  test("D10: a method shorthand, of any kind", () => {
    const methods = made(
      "{ plain(x) { return x }, async later(x) { return x }, *many() { yield 1 }, async *both() {}, 'two words'() {} }",
    ) as never;
    for (const fn of Object.values(methods as Record<string, Fn>)) expect(kindOf(fn)).toBe("closed");
    const { plain } = methods as { plain: Fn };
    const identity = inspectFunction(plain);
    expect(identity.kind === "closed" && made(identity.source)(7 as never)).toBe(7);
  });

  test.each([
    ["(x) => x + y", "y"],
    ["(x) => { y = x }", "y"],
    ["(x = y) => x", "y"],
    ["({ [y]: x }) => x", "y"],
    ["(x) => `$".concat("{y}$", "{x}`"), "y"],
    ["(x) => typeof y === 'x'", "y"],
    ["(x) => ({ y, x })", "y"],
    ["(x) => { class A extends y { z = w } return A }", "w,y"],
    ["(x) => { { const y = 1 } return y }", "y"],
    ["(x) => y(x)", "y"],
    ["(x) => y`$".concat("{x}`"), "y"],
    ["(x) => process.exit(x)", ""],
    ["() => eval('1')", "eval"],
    ["(x) => new Function(x)", "Function"],
    ["(x) => globalThis[x]", "globalThis"],
    ["() => arguments", "arguments"],
    ["(x) => this.y + x", "this"],
    ["async (x) => import(x)", "import"],
  ])("D10: %s captures %s", (text, variables) => {
    const found = kindOf(made(text));
    if (variables === "")
      expect(found).toBe("closed process"); // looks like a namespace: refused when it is submitted
    else expect(found).toBe(`captures ${variables}`);
  });

  test("D10: a method that uses super, a getter and a computed name can't stand alone", () => {
    const object = made(
      "{ __proto__: { a() { return 1 } }, a() { return super.a() }, get g() { return 1 }, ['x' + 1]() {} }",
    ) as never as Record<string, Fn>;
    expect(kindOf(object.a!)).toBe("captures super");
    expect(kindOf(Object.getOwnPropertyDescriptor(object, "g")!.get as Fn)).toBe("captures ");
    expect(kindOf(object.x1!)).toBe("captures ");
  });

  test("D10: built-in and bound functions have no source", () => {
    for (const fn of [Math.max, made("(x) => x").bind(null), String]) expect(kindOf(fn as Fn)).toBe("captures ");
  });
});

describe("D11: a name used only as name.member(...) may be a namespace", () => {
  test.each([
    ["(b) => mr.mapper(b, (x) => x)", "closed mr"],
    ["(b) => mr\n  .concat(b)", "closed mr"],
    ["(b) => ml.pred(mr.concat(b))", "closed ml,mr"],
    ["(b) => [mr.concat(b), mr]", "captures mr"],
    ["(b) => mr.x.concat(b)", "captures mr"],
    ["(b) => mr.concat", "captures mr"],
    ["(b) => mr['concat'](b)", "captures mr"],
    ["(mr) => mr.concat(1)", "closed"],
  ])("D11: %s is %s", (text, kind) => {
    expect(kindOf(made(text))).toBe(kind);
  });
});

describe("D10: a captured function is an error as soon as an id is needed, and it says what to do", () => {
  const t = namespace("t", {
    f: rule((fn: (x: number) => number): Op<number> => apply((g: (x: number) => number) => g(1), fn)()),
  });

  test("D10: the sentence names the variable and the ways out", () => {
    const ref = t.f(made("(x) => x + y") as (x: number) => number);
    expect(() => nodeId(ref)).toThrow(CapturedVariableError);
    expect(() => nodeId(ref)).toThrow(
      'captures "y": export it from the loaded module, pass what it needs as params, or make it a rule.',
    );
    expect(() => nodeId(t.f(Math.abs))).toThrow(/The function abs is built in/);
  });

  test("D10: functions with one text are one param", () => {
    const id = (text: string): string => nodeId(t.f(made(text) as (x: number) => number));
    expect(id("(x) => x + 1")).toBe(id("(x) => x + 1"));
    expect(id("(x) => x + 1")).not.toBe(id("(x) => x + 2"));
  });

  test("D11: a name that no namespace has is a captured variable: two models would be one node otherwise", () => {
    const predict = (model: { predict(x: number): number }) => t.f((x) => model.predict(x));
    expect(() => nodeId(predict({ predict: (x) => x }))).toThrow(/captures "model"/);
    expect(nodeId(t.f(made("(x) => t.f(x)") as (x: number) => number))).toMatch(/^[0-9a-f]{32}$/);
  });
});
