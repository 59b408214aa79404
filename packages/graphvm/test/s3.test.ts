import { expect, test } from "vitest";
import { startS3 } from "../../cluster/test/recording/s3-server.js";
import { fixture, graphvm, testFolder } from "./helpers.js";

test("a recording goes to S3, is verified, drawn and replayed from there, and the SDK says nothing", async () => {
  const { path, leftovers } = testFolder();
  await using server = await startS3("audit");
  const env = {
    AWS_ENDPOINT_URL: server.url,
    AWS_ACCESS_KEY_ID: "test",
    AWS_SECRET_ACCESS_KEY: "test",
    AWS_REGION: "us-east-1",
  };
  const source = "s3://audit/2031/words.gvr";
  const run = ["run", `${fixture("words.ts")}#main`, "--record", source];
  const ran = await graphvm(run, path, { env });
  expect(ran).toMatchObject({ code: 0, stderr: expect.stringMatching(/^recorded .*s3:.*\n$/) });
  expect((await graphvm(run, path, { env })).stderr).toMatch(/^GVM4102: .*--force.*\n$/);
  for (const args of [["recording", "verify"], ["graph"], ["replay", "--yes"]]) {
    expect(await graphvm([...args, source], path, { env })).toMatchObject({ code: 0, stderr: "" });
  }
  const gone = await graphvm(["replay", "s3://audit/nowhere.gvr", "--yes"], path, { env });
  expect(gone).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(/^GVM4101: .*\n$/) });
  expect(leftovers()).toEqual([]);
});
