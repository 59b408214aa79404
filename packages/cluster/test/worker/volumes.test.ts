import { mkdirSync, realpathSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Volumes } from "../../dist/worker/volumes.js";
import { failureOf, tempFolder, write } from "../helpers.js";

/** A volume `data` with a file, a folder beside it that it must not reach, and links. */
function folders() {
  const top = tempFolder();
  for (const name of ["data", "data/deep", "data-other", "secret"]) mkdirSync(join(top, name));
  write(join(top, "data"), { "a.csv": "1" });
  write(join(top, "data/deep"), { "b.csv": "2" });
  for (const name of ["secret", "data-other"]) write(join(top, name), { "s.csv": "3" });
  symlinkSync("deep/b.csv", join(top, "data/inside.csv"));
  symlinkSync("../secret/s.csv", join(top, "data/out.csv"));
  symlinkSync(join(top, "secret"), join(top, "data/away"));
  symlinkSync("../data-other", join(top, "data/sibling"));
  return { top, volumes: new Volumes({ data: join(top, "data") }) };
}

const found = (volumes: Volumes, uri: string) => failureOf((async () => void volumes.find(uri))());

test("C142: an input is found in the volume that its first segment names", () => {
  const { top, volumes } = folders();
  const at = realpathSync(join(top, "data"));
  expect(volumes.find("data/a.csv")).toEqual({ volume: "data", path: join(at, "a.csv") });
  expect(volumes.find("data/./deep//b.csv")).toEqual({ volume: "data", path: join(at, "deep/b.csv") });
  expect(volumes.find("data/inside.csv")).toEqual({ volume: "data", path: join(at, "deep/b.csv") });
});

test.each([
  "data/../secret/s.csv",
  "data/deep/../a.csv",
  "data/..",
  "data/out.csv",
  "data/away/s.csv",
  "data/sibling/s.csv",
  "../data/a.csv",
  "./data/a.csv",
  "other/a.csv",
  "constructor/a.csv",
  "/etc/hostname",
  "file:///etc/hostname",
  "",
])("C143: %j leads out of every volume and is refused", async (uri) => {
  expect(await found(folders().volumes, uri)).toMatchObject({ code: "GVM3612" });
});

test("C143: what is not in its volume is missing, whatever lies above it", async () => {
  const { volumes } = folders();
  expect(await found(volumes, "data/none.csv")).toMatchObject({ code: "GVM1203" });
  expect(await found(volumes, "data/a.csv/b")).toMatchObject({ code: "GVM1203" });
});

test("C142: a volume must be a folder and have a name", async () => {
  const { top } = folders();
  const made = (folders: { [name: string]: string }) => failureOf((async () => new Volumes(folders))());
  expect(await made({ data: join(top, "none") })).toMatchObject({ code: "GVM3612", exitCode: 2 });
  expect(await made({ data: join(top, "data/a.csv") })).toMatchObject({ code: "GVM3612" });
  expect(await made({ "a/b": top })).toMatchObject({ code: "GVM3612" });
});
