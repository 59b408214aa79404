import { chmodSync, writeFileSync } from "node:fs";
import { pyTrain } from "@graphvm/ml";
import { tableFromArrays } from "apache-arrow";
import { expect, test } from "vitest";
import { findPython } from "../dist/python/find-python.js";
import { python, pythonTest } from "./python-support.js";
import { failure, tempPath } from "./support.js";

const table = tableFromArrays({ a: Float64Array.of(1, 2, 3, 4), y: Int32Array.of(0, 1, 0, 1) });
const train = () => pyTrain("sklearn.linear_model.LogisticRegression", {}, "y", table);

function script(name: string, text: string): string {
  const path = tempPath(name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("P12: without Python an error says what to install; GRAPHVM_PYTHON that leads nowhere is named", async () => {
  const none = await failure(() => findPython({ PATH: "/nowhere" }));
  expect(none).toMatchObject({ code: "GVM5060", fields: { looked: ["python3", "python"] } });
  expect(none.message).toContain("pip install pandas pyarrow scikit-learn");
  process.env.GRAPHVM_PYTHON = "/nowhere/python3";
  const wrong = await failure(train);
  expect(wrong).toMatchObject({ code: "GVM5060" });
  expect(wrong.message).toContain("GRAPHVM_PYTHON is /nowhere/python3");
});

test("P12: what is no Python, or one that can't start, is told with what it printed", async () => {
  process.env.GRAPHVM_PYTHON = script("broken", "echo this is no snake >&2; exit 7");
  const error = await failure(train);
  expect(error).toMatchObject({ code: "GVM5063", fields: { how: "exit code 7" } });
  expect(error.message).toContain("this is no snake");
  process.env.GRAPHVM_PYTHON = script("talks", "echo hello, who are you; sleep 60");
  expect(await failure(train)).toMatchObject({ code: "GVM5063", fields: { how: expect.stringContaining("no frame") } });
});

pythonTest(
  "P12: Python without a package says which and how to install it; once it is there the next job has it",
  async () => {
    process.env.GRAPHVM_PYTHON = script("bare", `exec ${python} -S -E "$@"`);
    const error = await failure(train);
    expect(error).toMatchObject({
      code: "GVM5061",
      fields: { package: expect.stringMatching(/^(numpy|pandas|pyarrow)$/) },
    });
    expect(error.message).toMatch(/python3 -m pip install (numpy|pandas|pyarrow)$/);
    process.env.GRAPHVM_PYTHON = python;
    expect((await train()).task).toBe("classify");
  },
);
