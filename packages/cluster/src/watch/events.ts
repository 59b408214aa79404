/** How a run of a job on a worker ended. Only `finished` gave a value; `gone`: its worker left, or was made to stop. */
export type RunOutcome = "finished" | "failed" | "missing" | "gone";

/** What happens in a master, for whoever looks on: its log and its metrics. Nothing of it reaches a value. */
export type MasterEvent =
  | { readonly kind: "started"; readonly url: string }
  /** Why it is about to end: `idle`, `drain`, `endCluster`. */
  | { readonly kind: "ending"; readonly why: string }
  | { readonly kind: "stopped"; readonly url: string }
  | { readonly kind: "workerJoined"; readonly worker: string; readonly thread: boolean; readonly node: string }
  | { readonly kind: "workerLeft"; readonly worker: string; readonly reason: string | undefined }
  | { readonly kind: "clientJoined" }
  | { readonly kind: "clientLeft"; readonly reason: string | undefined }
  /** Somebody who was not let in, or not any further. */
  | { readonly kind: "refused"; readonly address: string; readonly path: string; readonly reason: string }
  | { readonly kind: "loaded"; readonly program: string; readonly hash: string; readonly seconds: number }
  | { readonly kind: "planned"; readonly jobs: number; readonly nodes: number; readonly seconds: number }
  | { readonly kind: "callFailed"; readonly call: string; readonly error: Error }
  | { readonly kind: "runStarted"; readonly job: string; readonly rule: string; readonly worker: string }
  | {
      readonly kind: "runEnded";
      readonly job: string;
      readonly rule: string;
      readonly worker: string;
      readonly outcome: RunOutcome;
      readonly seconds: number;
      /** Of a finished one, the bytes of its value. */
      readonly bytes: number;
      readonly error: string | undefined;
    }
  /** A job that will not be tried again, and how many failed with it because they need it. */
  | {
      readonly kind: "jobFailed";
      readonly job: string;
      readonly rule: string;
      readonly error: { readonly code: string; readonly message: string };
      readonly others: number;
    }
  | { readonly kind: "journalFailed"; readonly error: Error }
  /** A work queue takes no jobs: they go over the workers' links. */
  | { readonly kind: "queueFull"; readonly error: Error }
  /** The recording of the whole session is where it was to go, or is not. */
  | { readonly kind: "archived"; readonly uri: string; readonly bytes: number; readonly calls: number }
  | { readonly kind: "archiveFailed"; readonly error: Error }
  /** A line of the user's own code, printed while a program was loaded or planned. */
  | { readonly kind: "printed"; readonly where: string; readonly text: string };

/** Hands on what happens. Whoever listens must not throw; where one does, the master goes on without it. */
export class Watch {
  readonly #listeners = new Set<(event: MasterEvent) => void>();

  on(listener: (event: MasterEvent) => void): void {
    this.#listeners.add(listener);
  }

  tell(event: MasterEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // a log that can't be written must not end the session
        this.#listeners.delete(listener);
      }
    }
  }
}
