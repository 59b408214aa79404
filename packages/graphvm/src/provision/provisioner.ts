/** A worker that is to be started. */
export interface WorkerSpec {
  /** Its name: lower-case letters, digits and `-`, of this pool and of no worker before it. */
  readonly name: string;
  /** The pool it belongs to. */
  readonly pool: string;
  /** What follows `graphvm`: `start-worker --master … --label provision=<name>`. */
  readonly args: readonly string[];
  /** Bytes that values may take in its memory, where the tier says. */
  readonly memory?: number;
  /** Workers in its process, each with a thread. */
  readonly threads: number;
  /** Others fetch values from it by the network: it must say the address of the machine it gets. */
  readonly dialled: boolean;
}

/** A worker that was started and has not ended, whether it has joined or waits for a machine. */
export interface Started {
  /** What the system calls it: a process id, a job number. */
  readonly id: string;
  readonly name: string;
}

/**
 * Where workers come from. One that is started joins its master by itself; one that is told to stop leaves in order and may take
 * its time. What `list` gives is the truth: it also has what another process of the same pool started, and no longer what died.
 *
 * Calls come one after the other. What they throw ends the command, but for `start`, which is tried again with the next look.
 *
 * @throws ProvisionFailedError where the system refuses
 */
export interface Provisioner {
  start(spec: WorkerSpec): Promise<Started>;
  list(): Promise<readonly Started[]>;
  /** Asks a worker to leave; one that is not there (any more) is no error. */
  stop(id: string): Promise<void>;
  /** What `start` would do, for people. */
  describe(spec: WorkerSpec): string;
}
