import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { fixture, tempFolder } from "./helpers.js";
import { Hosts, whyNoHosts } from "./netns/hosts.js";

const BIN = fileURLToPath(new URL("../../graphvm/bin/graphvm.js", import.meta.url));
const why = whyNoHosts();
if (why) console.log(`several hosts: skipped, because ${why}`);

const NUMBERS = 20_000;

/** A folder with numbers in a file. */
function folderOf(folder: string, start: number): string {
  mkdirSync(folder);
  const numbers = Array.from({ length: NUMBERS }, (_, i) => start + i);
  writeFileSync(join(folder, "accounts.txt"), numbers.join("\n"));
  return folder;
}

/** A master and two workers in plane us, one worker in eu, all of which have a file of that name with other numbers in it. */
async function fourHosts() {
  const hosts = await Hosts.make({ master: "us", us1: "us", us2: "us", eu: "eu" }, (made) =>
    onTestFinished(() => made.close()),
  );
  const folder = tempFolder();
  writeFileSync(join(folder, "token"), "a token for this test alone\n", { mode: 0o600 });
  const token = ["--token-file", join(folder, "token")];
  const url = `ws://${hosts.address("master")}:7225`;
  const start = async (host: string, at: number, ...args: string[]) => {
    const root = folderOf(join(folder, host), at);
    const process = hosts.node(host, [BIN, ...args, "--host", hosts.address(host), "--root", root, ...token]);
    await process.says(/^graphvm (master|worker)/m);
    return process;
  };
  const master = await start("master", 1_000_000, "start-master", "--workers", "0");
  const worker = ["start-worker", "--master", url, "--port", "7226"];
  await start("us1", 2_000_000, ...worker, "--plane", "us");
  await start("us2", 3_000_000, ...worker, "--plane", "us");
  await start("eu", 1, ...worker, "--plane", "eu");
  return { hosts, master, folder, token, url };
}

test.skipIf(why)(
  "C51 C52 C53: on four hosts a bound file is read in its plane, and only what is exported leaves",
  async () => {
    const { hosts, folder, token, url, master } = await fourHosts();
    console.log(`several hosts: the planes are kept 20 ms apart by ${hosts.delay}`);
    const before = hosts.bytesSent("eu");
    const far = `ws://${hosts.address("eu")}:7226`;
    const client = hosts.node("master", [fixture("planes-client.mjs"), url, fixture("planes.ts"), far], {
      GRAPHVM_TOKEN: "a token for this test alone",
    });
    const code = await client.ended;
    expect(code, client.text() + master.text()).toBe(0);
    const said = JSON.parse(client.text().trim().split("\n").at(-1)!);

    expect(said.planes).toEqual(["eu", "us", "us"]);
    expect(said.value).toBe(`us has ${2 * (NUMBERS * 1 + (NUMBERS * (NUMBERS - 1)) / 2)}`);
    expect(said.ran).toEqual([
      ["planes.read", "eu"],
      ["planes.doubled", "eu"],
      ["planes.total", "eu"],
      ["planes.atUs", "us"],
    ]);
    if (hosts.delay !== "nothing") expect(said.roundTrip).toBeGreaterThan(40);

    // what left the plane is one number, as processes count values and as the card counts all that it sent
    expect(said.traffic.eu.left).toBeGreaterThan(0);
    expect(said.traffic.eu.left).toBeLessThan(32);
    expect(hosts.bytesSent("eu") - before).toBeLessThan(50_000); // the file has 108,894 bytes
    expect(said.refused.elsewhere).toMatchObject({ code: "GVM3602" });
    expect(said.refused.elsewhere.message).toContain("planes.elsewhere");
    expect(said.refused.elsewhere.message).toContain("planes.doubled");
    expect(said.refused.meets).toMatchObject({ code: "GVM3601", message: expect.stringContaining("planes.meets") });
    expect(said.refused.getData).toMatchObject({ code: "GVM3603", message: expect.stringContaining("planes.doubled") });

    const status = hosts.node("us2", [BIN, "status", "--master", url, ...token], {}, folder);
    expect(await status.ended).toBe(0);
    expect(status.text()).toMatch(new RegExp(`plane +eu: ${said.traffic.eu.left} bytes left it`));
  },
);

test.skipIf(why)("C6: on an address of its own a master needs a token, and a worker the right one", async () => {
  const hosts = await Hosts.make({ master: "us", eu: "eu" }, (made) => onTestFinished(() => made.close()));
  const folder = tempFolder();
  writeFileSync(join(folder, "right"), "the right token\n", { mode: 0o600 });
  writeFileSync(join(folder, "wrong"), "the wrong token\n", { mode: 0o600 });
  const start = ["start-master", "--workers", "0", "--host", hosts.address("master")];
  const open = hosts.node("master", [BIN, ...start]);
  expect(await open.ended).not.toBe(0);
  expect(open.text()).toContain("needs a token");
  const master = hosts.node("master", [BIN, ...start, "--token-file", join(folder, "right")]);
  await master.says(/^graphvm master/m);
  const url = `ws://${hosts.address("master")}:7225`;
  const worker = hosts.node("eu", [
    ...[BIN, "start-worker", "--master", url, "--host", hosts.address("eu")],
    ...["--token-file", join(folder, "wrong")],
  ]);
  expect(await worker.ended).not.toBe(0);
  expect(worker.text()).toContain("wants another token");
  // a test that fails ends in the same way
  await hosts.close();
  expect(master.child.signalCode).toBe("SIGKILL");
  expect(hosts.left()).toEqual([]);
});
