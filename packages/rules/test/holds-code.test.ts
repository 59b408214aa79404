import { apply, BadWireError, namespace, type Op, partial, type Ref, rule, UnknownNameError } from "@graphvm/rules";
import { holdsCode, readRefs, Scope, type WireRefs, writeRefs } from "@graphvm/rules/internal";
import fc from "fast-check";
import { expect, test } from "vitest";

const t = namespace("t", { f: rule((...params: unknown[]): Op<number> => apply((n: number) => n, params.length)()) });

/** Reads a message, and tells whether that made a function from text. */
function compiled(message: unknown): boolean {
  let made = false;
  const scope = new Scope(() => {
    made = true;
    return () => 0;
  });
  scope.addNamespace(t);
  try {
    readRefs(message as WireRefs, scope);
  } catch (error) {
    if (!(error instanceof BadWireError || error instanceof UnknownNameError)) throw error;
  }
  return made;
}

const written = (ref: Ref): unknown => JSON.parse(JSON.stringify(writeRefs([ref])));

test("D17: source text is found wherever it stands, and nothing else is taken for it", () => {
  const closed = (x: number): number => x + 1;
  for (const ref of [
    t.f(closed),
    t.f([{ deep: [closed] }]),
    t.f({ $closed: closed }),
    t.f(partial(t.f as (head: unknown, ...rest: unknown[]) => Ref, closed)),
    t.f(t.f(t.f(closed))),
  ])
    expect(holdsCode(written(ref))).toBe(true);
  for (const ref of [t.f(1, "$closed", ["$closed"]), t.f({ $closed: 1 }), t.f(t.f(t.f)), t.f(new Uint8Array(9))])
    expect(holdsCode(written(ref))).toBe(false);
});

const tag = fc.constantFrom("$closed", "$object", "$partial", "$ref", "$member", "$typed", "a", "__proto__");
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom<unknown>(0, "t", "f", "x => 1", null),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.tuple(tag, tie("json")).map(([key, value]) => Object.fromEntries([[key, value]])),
    fc.constant({ $closed: ["x => 1", []] }),
  ),
}));

test("D17: whatever a message is, where none is found none is made", () => {
  let found = 0;
  fc.assert(
    fc.property(fc.array(json, { maxLength: 3 }), (params) => {
      const message = { refs: [["t", "f", params]], roots: [0] };
      if (holdsCode(message)) found++;
      else expect(compiled(message)).toBe(false);
    }),
    { numRuns: 2000 },
  );
  expect(found).toBeGreaterThan(100);
});
