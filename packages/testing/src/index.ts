export { ChildMaster } from "./child-master.js";
export { Child, startChild } from "./child-process.js";
export { ChildWorker } from "./child-worker.js";
export { type ClusterOptions, type DisposableCluster, disposableCluster } from "./disposable-cluster.js";
export {
  brokenTransport,
  type CountedTransport,
  countedTransport,
  type Fault,
  type FencedTransport,
  fencedTransport,
  type GatedTransport,
  gatedTransport,
  type ReorderingTransport,
  reorderingTransport,
} from "./doubles.js";
export { NatsMissingError, NatsStartError } from "./errors.js";
export { expectNoLeaks, newResources, openResources, type Resources } from "./leaks.js";
export { type HubPlan, hubConfig, type LeafOptions, leafConfig, type NatsConfig } from "./nats/configuration.js";
export { freePorts, isFree } from "./nats/free-ports.js";
export { type Jsz, type Leafz, Monitor, type Varz } from "./nats/monitor.js";
export { NatsProcess } from "./nats/nats-process.js";
export { natsServer, natsServerOrSkip } from "./nats/nats-server.js";
export { untilReady } from "./nats/ready.js";
export { type Nats, type NatsOptions, startNats } from "./nats/start-nats.js";
export { type S3Faults, type S3Server, startS3 } from "./s3-server.js";
export { TcpProxy, type Weather } from "./tcp-proxy.js";
export { VirtualClock } from "./virtual-clock.js";
