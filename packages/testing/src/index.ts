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
export { expectNoLeaks, newResources, openResources, type Resources } from "./leaks.js";
export { type S3Faults, type S3Server, startS3 } from "./s3-server.js";
export { TcpProxy, type Weather } from "./tcp-proxy.js";
export { VirtualClock } from "./virtual-clock.js";
