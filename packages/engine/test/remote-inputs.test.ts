import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createGraph, FileValue } from "@graphvm/engine";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { call, rejection, rule } from "./helpers.js";

let server: Server;
let base: string;
const asked: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url!);
    if (request.url === "/cut") {
      response.writeHead(200, { "content-length": "100" });
      response.write("half");
      setImmediate(() => response.destroy());
    } else response.writeHead(request.url === "/rates.csv" ? 200 : 404).end("a,b\n1,2\n");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const length = rule<[FileValue, number], number>("length", (file, n) =>
  call((f: FileValue, add: number) => readFileSync(f.path, "utf8").length + add, [file, n]),
);
const text = rule<[FileValue], string>("text", (file) => call((f: FileValue) => f.text, [file]));

describe("E32: inputs that are fetched", () => {
  test("E32: an address is fetched once, whatever atoms read it, sync or not, in a strict graph too", async () => {
    const url = new FileValue(`${base}/rates.csv`);
    const later = rule<[FileValue], string>("later", (file) =>
      call(async (f: { file: FileValue }) => (await null) ?? f.file.text, [{ file }]),
    );
    const graph = createGraph({ undeclared: "refuse" });
    const values = await graph.calc<unknown>([length(url, 0), length(url, 1), text(url), later(url)]);
    expect(values).toEqual([8, 9, "a,b\n1,2\n", "a,b\n1,2\n"]);
    expect(asked).toEqual(["/rates.csv"]);
    expect(graph.undeclaredReads()).toEqual([]);
  });

  test("E32: a declared digest is held against what came", async () => {
    const sha256 = createHash("sha256").update("a,b\n1,2\n").digest("hex");
    expect(await createGraph().calc(text(new FileValue(`${base}/rates.csv`, { sha256 })))).toBe("a,b\n1,2\n");
    const other = new FileValue(`${base}/rates.csv`, { sha256: "0".repeat(64) });
    expect(await rejection(createGraph().calc(text(other)))).toMatchObject({ code: "GVM1204" });
  });

  test("E32: what does not come, or not whole, is a missing input and is asked for again", async () => {
    const graph = createGraph();
    for (const path of ["/none", "/cut"]) {
      const error = await rejection(graph.calc(text(new FileValue(base + path))));
      expect(error).toMatchObject({ code: "GVM1203", fields: { uri: base + path } });
      await rejection(graph.calc(text(new FileValue(base + path))));
      expect(asked.filter((each) => each === path)).toHaveLength(2);
    }
    const nowhere = await rejection(graph.calc(text(new FileValue("gopher://x/y"))));
    expect(nowhere).toMatchObject({ code: "GVM1203" });
    expect(nowhere.message).toContain("gopher is none of env, http, https");
  });

  test("E32: a variable", async () => {
    process.env.GRAPHVM_REGION = "eu-süd";
    expect(await createGraph({ undeclared: "refuse" }).calc(text(new FileValue("env:GRAPHVM_REGION")))).toBe("eu-süd");
    delete process.env.GRAPHVM_REGION;
    const error = await rejection(createGraph().calc(text(new FileValue("env:GRAPHVM_REGION"))));
    expect(error).toMatchObject({ code: "GVM1203" });
  });
});
