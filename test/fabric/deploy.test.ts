import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { natsServerOrSkip } from "@graphvm/testing";
import { describe, expect, onTestFinished, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { DeployedNats, PASSWORDS, urlAs } from "./deploy-nats.js";
import { kubernetesErrors } from "./kubernetes-schema.js";

const program = await natsServerOrSkip();
const deploy = fileURLToPath(new URL("../../deploy/", import.meta.url));
const read = (path: string): string => readFileSync(join(deploy, path), "utf8");
/** A name and a whole version: what it is today it is tomorrow. */
const PINNED = /^[\w./-]+:[\w.-]*\d+[\w.-]*\d[\w.-]*(@sha256:[0-9a-f]{64})?$/;

function temp(): string {
  const folder = mkdtempSync(join(tmpdir(), "graphvm-deploy-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly args: readonly string[];
  readonly resources: { readonly requests: object; readonly limits: { readonly memory: string } };
  readonly securityContext: object;
}

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: { readonly [name: string]: string };
  readonly spec: {
    readonly template: {
      readonly spec: { readonly securityContext: object; readonly containers: readonly Container[] };
    };
  };
}

const manifests = readdirSync(join(deploy, "kubernetes")).flatMap((file) =>
  parseAllDocuments(read(`kubernetes/${file}`)).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  }),
);
const deployments = manifests.filter(({ kind }) => kind === "Deployment");
const argsOf = (name: string): readonly string[] =>
  deployments.find(({ metadata }) => metadata.name === name)!.spec.template.spec.containers[0]!.args;

describe("C135: Kubernetes manifests", () => {
  test("C135: are of the schema of Kubernetes itself, which finds what is wrong in one", () => {
    expect(manifests.map(({ kind }) => kind).sort()).toEqual(
      [
        ...["ConfigMap", "Deployment", "Deployment", "NetworkPolicy", "NetworkPolicy"],
        ...["PodDisruptionBudget", "Secret", "Secret", "Service"],
      ].sort(),
    );
    for (const manifest of manifests)
      expect([manifest.metadata.name, kubernetesErrors(manifest)]).toEqual([manifest.metadata.name, []]);
    const wrong = structuredClone(deployments[0]!) as unknown as { spec: { replicas: unknown; replica?: number } };
    wrong.spec.replicas = "two";
    wrong.spec.replica = 2;
    expect(kubernetesErrors(wrong)).toEqual([
      expect.stringContaining("replica"),
      expect.stringContaining("/spec/replicas must be integer"),
    ]);
  });

  test("C135: run as the restricted profile asks, with limits, and name what they run", () => {
    for (const { spec } of deployments) {
      const pod = spec.template.spec;
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
      });
      for (const { image, securityContext, resources } of pod.containers) {
        expect(image).toMatch(PINNED);
        expect(resources).toMatchObject({
          requests: { memory: expect.any(String) },
          limits: { memory: expect.any(String) },
        });
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ["ALL"] },
        });
      }
    }
  });

  test("C135: hold the config that deploy/ has as a file", () => {
    const map = manifests.find(({ kind }) => kind === "ConfigMap")!;
    expect(map.data!["graphvm.config.ts"]).toBe(read("graphvm.config.ts"));
  });
});

describe("C136: the image", () => {
  const lines = read("Dockerfile").replaceAll("\\\n", " ").split("\n");
  const all = (word: string): string[] => lines.filter((line) => line.startsWith(`${word} `));

  test("C136: stands on a version, fetches nothing by address, and runs as a user who is not root", () => {
    const [, base] = /^ARG NODE_IMAGE=(\S+)$/m.exec(read("Dockerfile"))!;
    expect(base).toMatch(PINNED);
    expect(base).toMatch(/-slim$/);
    expect(all("FROM").every((line) => /^FROM \$\{NODE_IMAGE\}( AS \w+)?$/.test(line))).toBe(true);
    expect(all("ADD")).toEqual([]);
    expect(lines.filter((line) => /curl|wget|https?:/.test(line))).toEqual([]);
    expect(all("USER")).toEqual(["USER 10001:10001"]);
    expect(lines.findIndex((line) => line.startsWith("USER "))).toBeGreaterThan(
      lines.findLastIndex((line) => line.startsWith("RUN ")),
    );
    expect(all("HEALTHCHECK")).toHaveLength(1);
  });

  test("C136: is built from files that are there and not ignored", () => {
    const ignore = readFileSync(join(deploy, "../.dockerignore"), "utf8").split("\n");
    for (const line of all("COPY").filter((each) => !each.includes("--from"))) {
      const [, source] = line.split(" ");
      if (source === ".") continue;
      expect(existsSync(join(deploy, "..", source!))).toBe(true);
      expect(ignore).toContain(`!${source}`);
    }
    const { workspaces } = JSON.parse(readFileSync(join(deploy, "../package.json"), "utf8")) as {
      workspaces: string[];
    };
    for (const each of workspaces.filter((name) => name !== "packages/*"))
      expect(ignore).toContain(`!${each}/package.json`);
  });

  test("C136: its health check fails where no master answers", () => {
    const check = (url: string) =>
      spawnSync(process.execPath, [join(deploy, "healthy.mjs")], { env: { ...process.env, GRAPHVM_HEALTH: url } });
    expect(check("http://127.0.0.1:1/healthz").status).toBe(1);
  });
});

interface Service {
  readonly image: string;
  readonly command: readonly string[];
  readonly user: string;
  readonly environment?: { readonly [name: string]: string };
  readonly configs?: readonly { readonly source: string }[];
  readonly secrets?: readonly (string | { readonly source: string })[];
  readonly networks: readonly string[];
}

interface Compose {
  readonly services: { readonly [name: string]: Service };
  readonly configs: { readonly [name: string]: { readonly file: string } };
  readonly secrets: { readonly [name: string]: { readonly file: string } };
  readonly networks: { readonly [name: string]: object };
}

describe("C137: compose.yaml", () => {
  const compose = parse(read("compose.yaml"), { merge: true }) as Compose;
  const services = Object.entries(compose.services);

  test("C137: each service may write where it must, has no privileges, and is of a version", () => {
    expect(services).toHaveLength(10);
    for (const [name, service] of services) {
      expect([name, service]).toMatchObject([
        name,
        {
          image: expect.stringMatching(PINNED),
          read_only: true,
          cap_drop: ["ALL"],
          security_opt: ["no-new-privileges:true"],
          user: expect.stringMatching(/^\$\{GRAPHVM_UID:-10001\}:\$\{GRAPHVM_GID:-10001\}$/),
        },
      ]);
      expect(Object.keys(compose.networks)).toEqual(expect.arrayContaining([...service.networks]));
    }
  });

  test("C137: setup.sh makes every secret, and every variable that compose.yaml and NATS read", () => {
    const folder = temp();
    execFileSync("sh", [join(deploy, "setup.sh"), folder]);
    expect(statSync(join(folder, "secrets")).mode & 0o077).toBe(0);
    expect(statSync(join(folder, ".env")).mode & 0o077).toBe(0);
    for (const { file } of Object.values(compose.secrets)) expect(existsSync(join(folder, file))).toBe(true);
    for (const { file } of Object.values(compose.configs)) expect(existsSync(join(deploy, file))).toBe(true);
    const made = new Set(
      [...readFileSync(join(folder, ".env"), "utf8").matchAll(/^(\w+)=/gm)].map(([, name]) => name!),
    );
    for (const [, name] of read("compose.yaml").matchAll(/\$\{(\w+)/g)) expect(made).toContain(name);
    for (const [name, { environment = {}, configs = [], secrets = [] }] of services) {
      const texts = configs.map(({ source }) => read(compose.configs[source]!.file).replace(/^#.*$/gm, ""));
      const used = texts.flatMap((text) => [...text.matchAll(/\$(NATS_\w+)/g)].map(([, variable]) => variable!));
      expect([name, used.filter((variable) => !(variable in environment))]).toEqual([name, []]);
      const named = secrets.map((each) => (typeof each === "string" ? each : each.source));
      expect(Object.keys(compose.secrets)).toEqual(expect.arrayContaining(named));
    }
    expect(spawnSync("sh", [join(deploy, "setup.sh"), folder], { encoding: "utf8" })).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("there already"),
    });
  });
});

describe.skipIf(!program)("C134: NATS configurations and commands", () => {
  test("C134: nats-server takes each configuration", () => {
    const env = { ...process.env, ...PASSWORDS, NATS_NAME: "nats-1" };
    const addresses = { NATS_ROUTES: '["nats-route://r:p@nats-1:6222"]', NATS_HUB: '["nats-leaf://l:p@nats-1:7422"]' };
    for (const name of ["hub", "leaf-eu", "leaf-us"]) {
      const args = ["-t", "-c", join(deploy, `nats/${name}.conf`)];
      const { stderr, status } = spawnSync(program!, args, { encoding: "utf8", env: { ...env, ...addresses } });
      expect([stderr, status]).toEqual([expect.stringContaining("is valid"), 0]);
    }
  });

  test("C138: masters and workers start with the words of the manifests, and the health check finds the master", async () => {
    await using nats = await DeployedNats.start(program!);
    const secrets = temp();
    const file = (name: string, text: string): void => writeFileSync(join(secrets, name), text, { mode: 0o600 });
    file("operator", "operator-token-of-the-test");
    file("worker", "worker-token-of-the-test");
    file("fabric-master", urlAs("master", ...nats.hub));
    file("fabric-worker-eu", urlAs("worker-eu", nats.leaves[0]!));
    file("fabric-client", urlAs("client", ...nats.hub));
    const start = async (name: string, fabric: string, more: readonly string[] = []): Promise<string> => {
      const args = argsOf(name).map((arg) =>
        arg
          .replace("/etc/graphvm/", deploy)
          .replace("/run/secrets/graphvm", secrets)
          .replace("/srv/data", secrets)
          .replace("0.0.0.0", "127.0.0.1"),
      );
      const bin = fileURLToPath(new URL("../../packages/graphvm/bin/graphvm.js", import.meta.url));
      const env = { ...process.env, GRAPHVM_FABRIC_FILE: join(secrets, fabric) };
      const child = spawn(process.execPath, [bin, ...args, ...more], { env, stdio: ["ignore", "pipe", "pipe"] });
      onTestFinished(async () => {
        if (child.exitCode !== null) return;
        const over = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL");
        await over;
      });
      let said = "";
      child.stderr.on("data", (more: Buffer) => {
        said += more;
      });
      for await (const line of createInterface(child.stdout)) if (/graphvm (master|worker)/.test(line)) return line;
      throw new Error(`${name} ended: ${said}`);
    };
    const line = await start("graphvm-master", "fabric-master", ["--port", "0"]);
    const [, address] = /ws:\/\/(\S+)/.exec(line)!;
    const check = spawnSync(process.execPath, [join(deploy, "healthy.mjs")], {
      env: { ...process.env, GRAPHVM_HEALTH: `http://${address}/healthz` },
    });
    expect(check.status).toBe(0);
    expect(await start("graphvm-worker-eu", "fabric-worker-eu")).toMatch(/^graphvm worker w\d+ /);
  });
});
