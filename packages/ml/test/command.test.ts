import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { type CommandSpec, command, commandAtom, decodeTable } from "@graphvm/ml";
import { apply, createGraph, file, namespace, type Op, rule } from "@graphvm/rules";
import { type Table, tableFromArrays } from "apache-arrow";
import { expect, onTestFinished, test } from "vitest";
import { failure, tempFile, tempPath } from "./support.js";

const sh = (script: string, more: Partial<CommandSpec> = {}): CommandSpec => ({
  command: "sh",
  args: ["-c", script],
  ...more,
});
const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes!).toString();

const nodes = namespace("nodes", {
  text: rule((): Op<string> => apply(() => "from a node")()),
  bytes: rule((): Op<Uint8Array> => apply(() => Uint8Array.of(1, 2, 3))()),
  table: rule((): Op<Table> => apply(() => tableFromArrays({ a: Int32Array.of(4, 5) }))()),
});

test("P20: declared inputs of every kind lie where it looks; declared outputs are the value; the tool is told", async () => {
  const path = tempFile("b\na\n", "letters.txt");
  const graph = createGraph({ undeclared: "refuse" });
  const run = command.run({
    command: "sh",
    args: ["-c", "sort in/letters.txt > out/sorted; cat text bytes > both; cat table; ls -R | wc -l >&2"],
    inputs: { "in/letters.txt": file(path), text: nodes.text(), bytes: nodes.bytes(), table: nodes.table() },
    outputs: ["out/sorted", "both"],
    stdout: "printed",
  });
  const files = await graph.calc(run);
  expect(Object.keys(files)).toEqual(["out/sorted", "both", "printed"]);
  expect(text(files["out/sorted"])).toBe("a\nb\n");
  expect(text(files.both)).toBe("from a node\u0001\u0002\u0003");
  expect([...decodeTable(files.printed!).getChild("a")!]).toEqual([4, 5]);
  expect(text(await graph.calc(command.output(run, "out/sorted")))).toBe("a\nb\n");
  expect(await failure(() => graph.calc(command.output(run, "other")))).toMatchObject({ code: "GVM5069" });
  expect(graph.undeclaredReads()).toEqual([]);
  expect(graph.toolsUsed()).toEqual({ sh: expect.stringMatching(/^sha256:/) });
});

test("P20: as an atom of one's own rule; stdin is an input; the program can't change the input itself", async () => {
  const path = tempFile("2\n1\n", "numbers.txt");
  const spec = {
    ...sh("sort; echo changed > numbers.txt"),
    inputs: { "numbers.txt": file(path) },
    stdin: "numbers.txt",
    stdout: "out",
  };
  const own = namespace("own", { sorted: rule(() => apply(commandAtom, spec)()) });
  expect(text((await createGraph().calc(own.sorted())).out)).toBe("1\n2\n");
  const read = namespace("again", { text: rule(() => apply((each) => each.text, file(path))()) });
  expect(await createGraph().calc(read.text())).toBe("2\n1\n");
});

test("P21: its environment is what is declared and nothing else", async () => {
  process.env.GRAPHVM_SECRET = "secret";
  expect(text((await commandAtom({ command: "env", stdout: "out" })).out)).toBe("");
  expect(text((await commandAtom({ command: "env", env: { LC_ALL: "C" }, stdout: "out" })).out)).toBe("LC_ALL=C\n");
});

test("P22: another exit code than 0, a signal, a program that is not there: errors with what it printed last", async () => {
  expect(await failure(() => commandAtom(sh("echo why >&2; exit 3")))).toMatchObject({
    code: "GVM5067",
    fields: { exitCode: 3, printed: "why" },
    message: expect.stringContaining("why"),
  });
  expect(await failure(() => commandAtom(sh("kill -9 $$")))).toMatchObject({
    code: "GVM5067",
    fields: { signal: "SIGKILL" },
  });
  expect(await failure(() => commandAtom({ command: "no-such-program" }))).toMatchObject({ code: "GVM5067" });
  const script = tempFile("no program", "text");
  expect(await failure(() => commandAtom({ command: script }))).toMatchObject({ code: "GVM5067" });
});

test("P22: it is ended when its time is over, with what it started; its folder goes", async () => {
  // a temporary folder of this test's own: others run commands at the same time
  const own = tempPath("own");
  mkdirSync(own);
  const usual = process.env.TMPDIR;
  process.env.TMPDIR = own;
  onTestFinished(() => {
    if (usual === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = usual;
  });
  const error = await failure(() => commandAtom(sh("sleep 600 & sleep 600", { seconds: 0.2 })));
  expect(error).toMatchObject({ code: "GVM5068", fields: { seconds: 0.2 } });
  // a process that was left behind would keep its stdout, and so this, from ending
  expect((await commandAtom(sh("sleep 600 & echo done", { stdout: "out" }))).out!.length).toBe(5);
  expect(readdirSync(own)).toEqual([]);
});

test("P23: an output that is missing, a folder, or a link to elsewhere is refused", async () => {
  const refused = async (script: string) =>
    expect(await failure(() => commandAtom(sh(script, { outputs: ["out/x"] }))));
  (await refused("true")).toMatchObject({ code: "GVM5069", fields: { command: "sh", output: "out/x" } });
  (await refused("mkdir out/x")).toMatchObject({ code: "GVM5069" });
  (await refused("ln -s /etc/hostname out/x")).toMatchObject({ code: "GVM5069" });
  const elsewhere = tempPath("elsewhere");
  mkdirSync(elsewhere);
  tempFile("secret", "elsewhere/x");
  (await refused(`rm -r out; ln -s ${elsewhere} out`)).toMatchObject({ code: "GVM5069" });
});

test("P23: paths that lead out of its folder, and other specifications that can't be meant, are refused before it runs", async () => {
  const marker = tempPath("ran");
  const bad: readonly Partial<CommandSpec>[] = [
    ...["../x", "/etc/x", "a/../../x", "", ".", "a//b", "a\\b", "C:x", "a\0b"].flatMap((path) => [
      { outputs: [path] },
      { inputs: { [path]: "" } },
      { stdout: path },
    ]),
    { stdin: "nothing" },
    { given: ["a"] },
    { outputs: ["a"], stdout: "a" },
    { seconds: 0 },
    { seconds: Number.NaN },
    { seconds: 1e9 },
    { env: { A: 1 } as never },
    { inputs: { a: 1 as never } },
    { command: "" },
  ];
  for (const more of bad) {
    const error = await failure(() => commandAtom(sh(`touch ${marker}`, more)));
    expect([error.code, JSON.stringify(more)]).toEqual(["GVM5010", JSON.stringify(more)]);
  }
  expect(existsSync(marker)).toBe(false);
});
