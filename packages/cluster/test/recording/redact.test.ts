import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isSecretKey,
  type Json,
  REDACTED,
  redactProse,
  redactSecrets,
  redactText,
  secretValues,
} from "../../dist/recording/index.js";

const redact = (value: Json, values: string[] = []) => redactSecrets(value, { values }).value;

test("R1: credentials in URLs are redacted, the rest of the URL is kept", () => {
  expect(redactText("postgres://me:p@ss:w@db.example:5432/x?y=1")).toBe(`postgres://${REDACTED}@db.example:5432/x?y=1`);
  expect(redactText("see https://token@host/a and s3://bucket/key@2")).toBe(
    `see https://${REDACTED}@host/a and s3://bucket/key@2`,
  );
  expect(redactText("https://h/x?X-Amz-Signature=abc&b=1&access_token=t#f")).toBe(
    `https://h/x?X-Amz-Signature=${REDACTED}&b=1&access_token=${REDACTED}`,
  );
  expect(redactText("Server=db;User=me;Password=hunter2;Port=1")).toBe(`Server=db;User=me;Password=${REDACTED};Port=1`);
});

test("R2: values under keys named like secrets are redacted", () => {
  const secret = [
    "password",
    "dbPassword",
    "PASSWD",
    "apiKey",
    "api_key",
    "x-api-key",
    "API-KEY",
    "APIKEY",
    "secret",
    "clientSecret",
  ];
  const more = [
    "AWS_SECRET_ACCESS_KEY",
    "accessKeyId",
    "token",
    "accessToken",
    "authtoken",
    "tokens",
    "Authorization",
    "auth",
  ];
  for (const key of [...secret, ...more, "Set-Cookie", "privateKey", "passphrase", "credentials", "sessionId", "jwt"]) {
    expect(isSecretKey(key), key).toBe(true);
    expect(redact({ [key]: "x", a: [{ [key]: ["y"] }] })).toEqual({ [key]: REDACTED, a: [{ [key]: REDACTED }] });
  }
  const plain = [
    "key",
    "keys",
    "splitByKey",
    "secretary",
    "tokenizer",
    "author",
    "passenger",
    "monkey",
    "signature",
    "hash",
    "user",
  ];
  for (const key of plain) expect(isSecretKey(key), key).toBe(false);
  expect(redact({ password: 1234, max_tokens: 10, token: null, secret: true, apiKey: "" })).toEqual({
    password: REDACTED,
    max_tokens: 10,
    token: null,
    secret: true,
    apiKey: "",
  });
});

test("R2: headers in pairs and named entries are redacted", () => {
  const headers = [["Authorization", "abc"], { name: "cookie", value: "abc" }];
  expect(redact([headers, ["token", "amount"]])).toEqual([
    [["Authorization", REDACTED], { name: "cookie", value: REDACTED }],
    ["token", "amount"],
  ]);
});

test("R3: keys and tokens that have a form of their own are redacted in any text", () => {
  const texts = [
    `AKIA${"A1B2".repeat(4)}`,
    `ghp_${"a1".repeat(18)}`,
    `xoxb-${"1".repeat(20)}`,
    `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.${"s".repeat(20)}`,
    "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\ncut short",
  ];
  for (const text of texts) expect(redactText(`before ${text}`)).toBe(`before ${REDACTED}`);
  expect(redactText("authorization: Bearer abcdef123456")).toBe(`authorization: Bearer ${REDACTED}`);
});

test("R4: values of chosen environment variables are redacted wherever they occur", () => {
  const values = secretValues({ A: "s3cr3t/+", B: "", C: "zz", D: "s3cr3t/+long" }, ["A", "B", "C", "D", "E"]);
  expect(values).toEqual(["s3cr3t/+", "zz", "s3cr3t/+long"]);
  expect(redact({ "x-s3cr3t/+": ["a s3cr3t/+long b", "q=s3cr3t%2F%2B", "zz", "pizza zz"] }, values)).toEqual({
    [`x-${REDACTED}`]: [`a ${REDACTED} b`, `q=${REDACTED}`, REDACTED, "pizza zz"],
  });
});

test("R5: what was replaced is told as JSON pointers", () => {
  const { value, redacted } = redactSecrets({ a: [{ token: "x" }], "b/~": "u://p@h", c: 1 });
  expect(redacted).toEqual(["/a/0/token", "/b~1~0"]);
  expect(value).toEqual({ a: [{ token: REDACTED }], "b/~": `u://${REDACTED}@h`, c: 1 });
});

const secret = fc.stringMatching(/^[A-Za-z0-9]{12,24}$/).map((text) => `S3CRET${text}`);
const text = fc.string({ maxLength: 12 });
const plants: ((s: string) => Json)[] = [
  (s) => `https://user:${s}@example.com/a`,
  (s) => `redis://${s}@cache`,
  (s) => `https://h/p?a=1&api_key=${s}&z=2`,
  (s) => ({ password: s }),
  (s) => ({ headers: { Authorization: `Bearer ${s}` } }),
  (s) => ({ client_secret: [s, { deeper: s }] }),
  (s) => ["authorization", s],
  (s) => `text Bearer ${s}`,
];

test("R6: a planted secret is nowhere in what is left, whatever stands around it", () => {
  fc.assert(
    fc.property(
      secret,
      fc.constantFrom(...plants),
      fc.array(fc.jsonValue(), { maxLength: 4 }),
      text,
      (s, plant, around, key) => {
        const value = [...(around as Json[]), { [key]: [plant(s)] }];
        const before = JSON.stringify(value);
        const out = redactSecrets(value);
        expect(JSON.stringify(out.value)).not.toContain(s);
        expect(out.redacted.length).toBeGreaterThan(0);
        expect(JSON.stringify(value)).toBe(before);
        expect(redactSecrets(out.value)).toEqual({ value: out.value, redacted: [] });
      },
    ),
    { numRuns: 500 },
  );
});

test("R6: a known value is nowhere in what is left, in keys neither", () => {
  fc.assert(
    fc.property(secret, fc.jsonValue(), text, text, (s, around, before, after) => {
      const value: Json = [around as Json, `${before}${s}${after}`, { [`${before}${s}`]: { [s]: s } }];
      const out = redactSecrets(value, { values: [s, s.slice(0, 8)] });
      expect(JSON.stringify(out.value)).not.toContain(s);
      expect(redactSecrets(out.value, { values: [s, s.slice(0, 8)] }).redacted).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test("R7: a value without secrets is left as it is", () => {
  const plain = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.stringMatching(/^[a-z0-9 .,_-]{0,20}$/),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom("rows", "key", "by", "n_estimators", "author", "__proto__"), tie("value"), {
        maxKeys: 3,
      }),
    ) as fc.Arbitrary<Json>,
  })).value;
  fc.assert(
    fc.property(plain, (value) => {
      const out = redactSecrets(value);
      expect(JSON.stringify(out.value)).toBe(JSON.stringify(value));
      expect(out.redacted).toEqual([]);
    }),
  );
});

test("redaction takes time in proportion to the text", () => {
  for (const piece of ["a", "a.", "eyJ", "&x", "://", "@", "?token"]) {
    const text = piece.repeat(Math.ceil(300_000 / piece.length));
    const before = performance.now();
    redactText(text);
    expect(performance.now() - before, piece).toBeLessThan(2000);
  }
});

describe("R4: prose, such as labels and messages of errors", () => {
  const values = ["value-of-a-variable"];
  test.each([
    [`ns.open({ password: "hunter2", n: 1 })`, `ns.open({ password: [redacted], n: 1 })`],
    [`ns.open({ "apiKey": 'abc', n: 1 })`, `ns.open({ "apiKey": [redacted], n: 1 })`],
    [`ns.open({ password: "hunt…`, `ns.open({ password: [redacted]`],
    ["refused: AWS_SECRET_ACCESS_KEY=abc/def+1 at x", "refused: AWS_SECRET_ACCESS_KEY=[redacted] at x"],
    [`ns.get("https://me:pw-of-the…`, `ns.get("https://[redacted]…`],
    ["ns.get(value-of-a-va…", "ns.get([redacted]…"],
    ["ns.get(value-of-a-variable, 2)", "ns.get([redacted], 2)"],
    ["ns.get(https://host/path…, secretary: 1, tokens…)", "ns.get(https://host/path…, secretary: 1, tokens…)"],
  ])("%s", (text, wanted) => {
    expect(redactProse(text, values)).toBe(wanted);
    expect(redactProse(wanted, values)).toBe(wanted);
  });
});
