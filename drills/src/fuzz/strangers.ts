import { connect as connectTcp } from "node:net";
import type { Random } from "../random.js";
import { FuzzFailure } from "./failure.js";
import type { Target } from "./target.js";

/** Pages anybody may see: they say whether the master is there, and nothing else. */
const OPEN_PAGES = ["/healthz", "/readyz"];
/** All that they say. A broken upgrade can be a request for one of them. */
const OPEN_ANSWER = /^HTTP\/1\.1 200 OK\r\n(?:[\w-]+: [^\r\n]*\r\n)+\r\n(?:ok\n|\{"ready":true,"why":\[\]\}\n)/;

/** What a stranger does to a port. Never gets anything but a refusal. */
export async function stranger(target: Target, random: Random, note: (what: string) => void): Promise<void> {
  const { text, what, welcome } = request(target, random);
  note(`stranger: ${what}: ${JSON.stringify(text.toString("latin1").slice(0, 300))}`);
  const heard = await say(target.port, text, random);
  if (!welcome && !isRefusal(heard)) throw new FuzzFailure(`a stranger (${what}) was answered: ${heard.slice(0, 300)}`);
}

function request({ tokens }: Target, random: Random): { text: Buffer; what: string; welcome?: boolean } {
  const known = tokens.operator !== undefined;
  const path = random.pick([
    "/",
    "/worker",
    "/data",
    "/metrics",
    "/nothing",
    "/%2e%2e/",
    "//",
    "/?x=/worker",
    ...OPEN_PAGES,
  ]);
  const good = upgrade(path);
  switch (random.below(8)) {
    case 0:
      return { text: bytes(random, random.below(3000)), what: "random bytes" };
    case 1:
      return { text: Buffer.from(good.slice(0, random.below(good.length - 4))), what: "half a request" };
    case 2: {
      // without tokens everybody on this machine is welcome, but no browser
      const guise = random.pick(["Origin: http://localhost", "Host: rebound.test", ...(known ? ["X: y"] : [])]);
      const head = guise.startsWith("Host")
        ? good.replace(/Host: .*/, guise)
        : good.replace("Upgrade: w", `${guise}\r\nUpgrade: w`);
      return { text: withFrames(head, random), what: `an upgrade with ${guise}`, welcome: false };
    }
    case 3: {
      const token = random.pick([
        "",
        "x",
        tokens.operator?.slice(1) ?? "no",
        `${tokens.worker ?? "no"}x`,
        "\u00e9".repeat(100),
      ]);
      const head = good.replace("Upgrade: w", `Authorization: Bearer ${token}\r\nUpgrade: w`);
      return { text: withFrames(head, random), what: "a wrong token", welcome: !known };
    }
    case 4: {
      const broken = good.replace(
        random.pick([/Version: 13/, /Key: .*/, /Upgrade: websocket/, /HTTP\/1.1/, /GET/, /Connection: Upgrade/]),
        random.pick(["Version: 12", "Key: x", "Upgrade: h2c", "HTTP/9.9", "CONNECT", "", "\0", "x".repeat(20_000)]),
      );
      return { text: withFrames(broken, random), what: "a wrong upgrade", welcome: !known };
    }
    case 6: {
      // a large value as a stream: whoever may fetch values may ask for it, with whatever they like behind the question mark
      const id = random.pick(["0".repeat(32), "f".repeat(32), "..%2f..", "", "x".repeat(5000), "%00", "__proto__"]);
      const from = random.pick(["0", "1", "-1", "9".repeat(9), "9".repeat(40), "NaN", "1e3", ""]);
      const query = random.pick([
        `value=${id}&from=${from}`,
        `value=${id}&value=${id}`,
        "check=no",
        "%zz&&=",
        "plane=eu",
      ]);
      const text = upgrade(`/data?${query}`).replace("Upgrade: websocket", "Upgrade: graphvm-bytes");
      return { text: withFrames(text, random), what: "a stream", welcome: !known };
    }
    case 5: {
      const method = random.pick(["GET", "POST", "PUT", "OPTIONS", "TRACE", "DELETE", "PROPFIND"]);
      const headers = random.pick([
        "Content-Length: 10",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        `X: ${"y".repeat(9000)}`,
        "X: y",
      ]);
      const text = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\nzz\r\n`.repeat(
        1 + random.below(3),
      );
      return {
        text: Buffer.from(text),
        what: `${method} ${path}`,
        welcome: OPEN_PAGES.includes(path) || (!known && path === "/metrics"),
      };
    }
    default: {
      const cut = bytes(random, 20);
      const text = Buffer.from(good);
      cut.copy(text, random.below(text.length - 20));
      return { text, what: "an upgrade with bytes changed", welcome: !known };
    }
  }
}

function upgrade(path: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
    "\r\n",
  ].join("\r\n");
}

/** What follows a request that should not have been accepted: frames right behind it. */
function withFrames(head: string, random: Random): Buffer {
  return Buffer.concat([Buffer.from(head, "latin1"), bytes(random, random.below(200))]);
}

function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.below(256)));
}

/** Closed without a word, or a status that refuses; 426 says which protocol is spoken, 503 that there are too many. */
function isRefusal(heard: string): boolean {
  const said = heard.replace(/^(HTTP\/1\.1 100 Continue\r\n\r\n)+/, "").replace(OPEN_ANSWER, "");
  return said === "" || /^HTTP\/1\.1 (4\d\d|503) /.test(said);
}

/** Sends bytes, now and then in pieces, and hears what comes back until the other side hangs up or says no more. */
function say(port: number, text: Buffer, random: Random): Promise<string> {
  const cut = random.below(3) === 0 ? random.below(text.length + 1) : text.length;
  return new Promise((resolve) => {
    const socket = connectTcp(port, "127.0.0.1");
    let heard = "";
    const over = (): void => {
      socket.destroy();
      resolve(heard);
    };
    const quiet = setTimeout(over, 60);
    socket.on("data", (data) => {
      heard += data.toString("latin1");
      quiet.refresh();
    });
    socket.on("error", () => {});
    socket.once("close", () => {
      clearTimeout(quiet);
      over();
    });
    socket.write(text.subarray(0, cut));
    if (cut < text.length) setTimeout(() => socket.writable && socket.write(text.subarray(cut)), 5);
  });
}
