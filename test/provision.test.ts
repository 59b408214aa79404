import { expect, test } from "vitest";
import { workerJob } from "../packages/graphvm/dist/provision/kubernetes.js";
import { kubernetesErrors } from "./fabric/kubernetes-schema.js";

const args = ["start-worker", "--fabric", "nats://hub:4222", "--label", "provision=p-1"];

test("C156: the manifest of a worker is a Job by Kubernetes' own schema, and asks for no rights", () => {
  const options = { image: "registry/graphvm:1", secret: "graphvm-worker" };
  const plain = { name: "p-1", pool: "p", args, threads: 1, dialled: false };
  for (const spec of [plain, { ...plain, memory: 8e9, threads: 4, dialled: true }])
    expect(kubernetesErrors(workerJob(spec, options))).toEqual([]);
  const job = workerJob({ ...plain, memory: 8e9, threads: 4, dialled: true }, options);
  expect(job).toMatchObject({
    metadata: { name: "p-1", labels: { "graphvm.dev/pool": "p" } },
    spec: {
      template: {
        spec: {
          restartPolicy: "Never",
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true },
          containers: [
            {
              args: [...args, "--host", "$(POD_IP)"],
              resources: { requests: { cpu: "4", memory: "9000000000" }, limits: { memory: "9000000000" } },
              securityContext: { readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
            },
          ],
        },
      },
    },
  });
});

test("C156: the schema finds what is wrong", () => {
  const job = workerJob({ name: "p-1", pool: "p", args, threads: 1, dialled: false }, { image: "i", secret: "s" }) as {
    spec: object;
  };
  expect(kubernetesErrors({ ...job, spec: { ...job.spec, backoffLimits: 0 } })).not.toEqual([]);
  expect(kubernetesErrors({ ...job, spec: { ...job.spec, backoffLimit: "0" } })).not.toEqual([]);
});
