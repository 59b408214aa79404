import { given } from "@graphvm/engine/internal";
import type { Fabric } from "../fabric/fabric.js";
import { addressOf, MASTER_ADDRESS } from "../fabric/names.js";
import type { FabricOptions } from "../fabric/options.js";
import { fabricText } from "../fabric/options.js";
import { type DataSource, serveData } from "../store/data-methods.js";
import { sendValue } from "../store/value-stream.js";
import { dial } from "../transport/dial.js";
import { PATIENT } from "../transport/heartbeat.js";
import { allLimits } from "../transport/limits.js";
import { type Listening, listen, type Routes } from "../transport/listen.js";
import type { Transport } from "../transport/transport.js";
import type { WorkerOptions } from "./connect-worker.js";

/** How a worker reaches its master, and others its values. */
export interface WorkerWay {
  /** Where the master is, for people. */
  readonly text: string;
  /** Under which address the master's own values and inputs are fetched. */
  readonly master: string;
  /** Where others fetch this worker's values. */
  readonly host: string;
  readonly fabric?: Fabric;
  dial(): Promise<Transport>;
  close(): Promise<void>;
}

type SocketOptions = WorkerOptions & { readonly master: string };

/** By WebSocket: the worker dials its master, and others dial the worker. */
export async function socketWay(options: SocketOptions, source: DataSource): Promise<WorkerWay> {
  const { token, tls, heartbeat } = options;
  const master = options.master.replace(/\/+$/, "");
  const server = await serveValues(options, source);
  return {
    text: `the master at ${master}`,
    master,
    host: options.address ?? server.url,
    dial: () => dial(`${master}/worker`, { token, tls, heartbeat, patience: PATIENT }),
    close: () => server.close(),
  };
}

/** On a fabric: both meet on NATS. Others fetch values there too, or by WebSocket where the worker says at which address. */
export async function fabricWay(where: FabricOptions, options: WorkerOptions, source: DataSource): Promise<WorkerWay> {
  const { Fabric } = await import("../fabric/fabric.js");
  const { openDoors } = await import("../fabric/door.js");
  const { joinMembers } = await import("../fabric/members.js");
  const { token, heartbeat, labels = {} } = options;
  const fabric = await Fabric.open(where, labels.plane);
  const queue = given({ plane: labels.plane, tier: labels.tier });
  const server = options.address === undefined ? undefined : await serveValues(options, source);
  const doors = openDoors(
    fabric,
    { tokens: { worker: token }, limits: options.limits, heartbeat },
    dataRoutes(options, source),
  );
  const leave = joinMembers(fabric, labels, heartbeat?.clock);
  return {
    text: `the master on ${fabricText(where)}`,
    master: MASTER_ADDRESS,
    host: options.address ?? addressOf(fabric.endpoint, fabric.plane),
    fabric,
    dial: () => fabric.dial(MASTER_ADDRESS, "/worker", { token, heartbeat, patience: PATIENT, queue }),
    close: async () => {
      doors.close();
      await leave();
      await server?.close();
      await fabric.close();
    },
  };
}

/** Listens for those who fetch values. */
function serveValues(options: WorkerOptions, source: DataSource): Promise<Listening> {
  const { token, tls, heartbeat } = options;
  const limits = allLimits(options.limits);
  const { cert, key, clientCa } = tls ?? {};
  return listen(
    {
      port: options.port ?? 0,
      host: options.host,
      tokens: { worker: token },
      tls: cert && key ? { cert, key, clientCa } : undefined,
      heartbeat,
      limits,
    },
    dataRoutes(options, source),
  );
}

/** What those who fetch values find, whichever way they come. */
function dataRoutes({ heartbeat, limits }: WorkerOptions, source: DataSource): Routes {
  const { openCalls } = allLimits(limits);
  return {
    "/data": {
      roles: ["worker"],
      accept: (link, _role, met) => serveData(link, source, openCalls, met),
      stream: (wire, query) => void sendValue(wire, query, source, heartbeat, PATIENT),
      patience: PATIENT,
    },
  };
}
