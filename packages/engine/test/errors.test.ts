import { AtomFailedError, CycleError, fromWireError, GraphvmError, registerErrors, toWireError } from "@graphvm/engine";
import { expect, test } from "vitest";

test("E14: an error keeps class, code, fields, stack and cause across a wire", () => {
  const error = new AtomFailedError("it failed", { node: "ab" }, { cause: new TypeError("inner", { cause: "text" }) });
  const back = fromWireError(JSON.parse(JSON.stringify(toWireError(error)))) as AtomFailedError;
  expect(back).toBeInstanceOf(AtomFailedError);
  expect(back).toMatchObject({ name: "AtomFailedError", code: "GVM1101", message: "it failed", exitCode: 1 });
  expect(back.fields).toEqual({ node: "ab" });
  expect(back.stack).toBe(error.stack);
  const cause = back.cause as Error;
  expect([cause.name, cause.message, (cause.cause as Error).message]).toEqual(["TypeError", "inner", "text"]);
});

test("E14: an unknown code stays, anything may be thrown, causes in a ring end", () => {
  expect(fromWireError({ code: "GVM9999", name: "X", message: "m", fields: {} })).toMatchObject({ code: "GVM9999" });
  expect(fromWireError(toWireError("just text")).message).toBe("just text");
  const ring = new Error("ring");
  ring.cause = ring;
  expect(() => JSON.stringify(toWireError(ring))).not.toThrow();
});

test("E14: a code belongs to one class", () => {
  class Impostor extends GraphvmError {
    static override readonly code = CycleError.code;
  }
  expect(() => registerErrors(Impostor)).toThrow(/is taken by CycleError/);
  registerErrors(CycleError);
});
