import type { Provisioner, Started, WorkerSpec } from "./provisioner.js";
import { runTool } from "./run-tool.js";

/** How Kubernetes runs workers. */
export interface KubernetesOptions {
  readonly image: string;
  /** Default: kubectl's own. */
  readonly namespace?: string;
  /** A Secret whose entries are variables of workers, GRAPHVM_WORKER_TOKEN say, and files under /etc/graphvm. */
  readonly secret: string;
}

/** The label that the Jobs of a pool have. */
const POOL = "graphvm.dev/pool";

/** Workers as Kubernetes Jobs, through `kubectl`. They go on where this process ends without a word. */
export class KubernetesProvisioner implements Provisioner {
  readonly #pool: string;
  readonly #options: KubernetesOptions;

  constructor(pool: string, options: KubernetesOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  async start(spec: WorkerSpec): Promise<Started> {
    await this.#kubectl(["create", "--filename=-"], JSON.stringify(workerJob(spec, this.#options)));
    return { id: spec.name, name: spec.name };
  }

  async list(): Promise<readonly Started[]> {
    const printed = await this.#kubectl(["get", "jobs", `--selector=${POOL}=${this.#pool}`, "--output=json"]);
    const { items } = JSON.parse(printed) as JobList;
    return items.filter(isGoing).map(({ metadata: { name } }) => ({ id: name, name }));
  }

  /** Its pod is sent SIGTERM, which drains the worker, and has the pod's grace period for it. */
  async stop(id: string): Promise<void> {
    await this.#kubectl(["delete", "job", id, "--ignore-not-found", "--wait=false", "--cascade=background"]);
  }

  describe(spec: WorkerSpec): string {
    return `kubectl create --filename=- <<'END'\n${JSON.stringify(workerJob(spec, this.#options), null, 2)}\nEND`;
  }

  #kubectl(args: readonly string[], input?: string): Promise<string> {
    const { namespace } = this.#options;
    return runTool("kubectl", [...args, ...(namespace === undefined ? [] : [`--namespace=${namespace}`])], input);
  }
}

interface JobList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
    readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
  }[];
}

function isGoing({ metadata, status }: JobList["items"][number]): boolean {
  const over = (status?.conditions ?? []).some(
    ({ type, status }) => status === "True" && (type === "Complete" || type === "Failed"),
  );
  return !over && metadata.deletionTimestamp === undefined;
}

/** How long a pod has to drain before it is killed, in seconds: longer than a worker's own `--drain-seconds`. */
const GRACE = 60;
/** Where the Secret's entries are files: `--fabric-creds /etc/graphvm/fabric.creds`. */
const SECRET_FOLDER = "/etc/graphvm";
/** Memory that a process needs beside its values, in bytes. */
const BESIDE_VALUES = 1e9;

/** The Job of a worker: not root, a root file system that can't be written, and nothing kept when it is over. */
export function workerJob(
  { name, pool, args, memory, threads, dialled }: WorkerSpec,
  { image, secret }: KubernetesOptions,
): object {
  const labels = { "app.kubernetes.io/name": "graphvm-worker", "app.kubernetes.io/part-of": "graphvm", [POOL]: pool };
  const requests = {
    cpu: String(threads),
    ...(memory === undefined ? {} : { memory: String(memory + BESIDE_VALUES) }),
  };
  const limits = memory === undefined ? {} : { limits: { memory: requests.memory } };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, labels },
    spec: {
      // a worker that died is started anew by the pool, where it is still needed
      backoffLimit: 0,
      ttlSecondsAfterFinished: 60,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: "Never",
          terminationGracePeriodSeconds: GRACE,
          automountServiceAccountToken: false,
          securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
          containers: [
            {
              name: "worker",
              image,
              args: [...args, ...(dialled ? ["--host", "$(POD_IP)"] : [])],
              envFrom: [{ secretRef: { name: secret, optional: true } }],
              env: [
                { name: "TMPDIR", value: "/tmp" },
                { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
              ],
              resources: { requests, ...limits },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
              },
              volumeMounts: [
                { name: "tmp", mountPath: "/tmp" },
                { name: "secret", mountPath: SECRET_FOLDER, readOnly: true },
              ],
            },
          ],
          volumes: [
            { name: "tmp", emptyDir: {} },
            { name: "secret", secret: { secretName: secret, optional: true } },
          ],
        },
      },
    },
  };
}
