import { chmod, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  FolderStore,
  KeyMissingError,
  StoreFailedError,
  StoreKeyError,
  StorePermissionError,
} from "../../dist/recording/index.js";
import { tempFolder } from "./temp-folder.js";

test("no key leads out of the folder through a symbolic link", async () => {
  const [root, outside] = [await tempFolder(), await tempFolder()];
  await writeFile(join(outside, "secret"), "s");
  await symlink(outside, join(root, "link"));
  await symlink(join(outside, "secret"), join(root, "file"));
  const store = new FolderStore(root);
  for (const key of ["link/secret", "link/new", "link/new/deeper", "file"]) {
    if (!key.includes("new")) await expect(store.get(key)).rejects.toBeInstanceOf(StoreKeyError);
    if (key !== "file") await expect(store.put(key, Buffer.from("x"))).rejects.toBeInstanceOf(StoreKeyError);
  }
  expect(await readdir(outside)).toEqual(["secret"]);
  expect(await store.list()).toEqual([]);
});

test("unfinished files of a killed writer are neither listed nor in the way", async () => {
  const root = await tempFolder();
  await writeFile(join(root, `.graphvm-tmp-${process.pid}-0-0`), "half");
  const store = new FolderStore(root);
  for (let i = 0; i < 3; i++) await store.put(`k${i}`, Buffer.from("whole"));
  expect(await store.list()).toEqual(["k0", "k1", "k2"]);
  expect((await readdir(root)).length).toBe(4);
});

test("a folder in place of a file, a file in place of a folder, and a root that is no folder are typed errors", async () => {
  const root = await tempFolder();
  const store = new FolderStore(root);
  await mkdir(join(root, "dir"));
  await store.put("file", Buffer.from("x"));
  await expect(store.get("dir")).rejects.toBeInstanceOf(KeyMissingError);
  await expect(store.put("dir", Buffer.from("x"))).rejects.toMatchObject({ exitCode: 2 });
  await expect(store.put("file/below", Buffer.from("x"))).rejects.toBeInstanceOf(StoreFailedError);
  expect(await store.exists("file/below")).toBe(false);
  expect((await readdir(root)).sort()).toEqual(["dir", "file"]);
});

test.skipIf(process.getuid?.() === 0)("a folder without permission is a typed error", async () => {
  const root = await tempFolder();
  await chmod(root, 0o500);
  await expect(new FolderStore(root).put("x", Buffer.from("x"))).rejects.toBeInstanceOf(StorePermissionError);
});
