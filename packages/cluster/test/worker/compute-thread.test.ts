import { encodeValue, nodeId, type Ref } from "@graphvm/engine";
import { writeRefs } from "@graphvm/rules/internal";
import { expect, test } from "vitest";
import { bundleFile } from "../../dist/program/bundle.js";
import { ProgramSet } from "../../dist/program/program-set.js";
import { Peer } from "../../dist/rpc/peer.js";
import { memoryLink } from "../../dist/transport/memory.js";
import { Claims } from "../../dist/worker/claims.js";
import { type ComputeValue, run } from "../../dist/worker/compute-thread.js";
import { fixture } from "../helpers.js";

type Numbers = typeof import("../fixtures/numbers.js");

/** What runs in a worker's thread, here in this one. */
async function thread() {
  const [here, there] = memoryLink();
  run(there);
  const peer = new Peer(here, {}, "thread");
  const program = await bundleFile(fixture("numbers.ts"));
  const { numbers } = (await new ProgramSet().load(program)) as unknown as Numbers;
  const claims = new Claims();
  peer.emit("claims", claims.words);
  await peer.call("configure", { seed: 1, epoch: 1 });
  await peer.call("load", program);
  const job = (ref: Ref, inputs: readonly [Ref, unknown][] = []): Promise<ComputeValue> =>
    peer.call("run", {
      id: nodeId(ref),
      refs: JSON.stringify(writeRefs([ref])),
      inputs: inputs.map(([input, value]) => ({ id: nodeId(input), bytes: encodeValue(value) })),
      files: [],
      noCopy: false,
      slot: claims.open()!.slot,
      round: 0,
    });
  const get = (ref: Ref): Promise<ComputeValue> => peer.call("get", { id: nodeId(ref) });
  return { numbers, job, get };
}

test("C12: a job whose value came as an input is computed all the same when it is to run, and what is inside it is there", async () => {
  const { numbers, job, get } = await thread();
  const first = await job(numbers.left(1));
  const other = await thread();
  // both come from elsewhere, and one of them with another value than its job gives
  await other.job(numbers.diamond(1), [
    [numbers.left(1), 0.25],
    [numbers.right(1), 0.5],
  ]);
  expect((await other.job(numbers.left(1))).digest).toBe(first.digest);
  expect((await other.get(numbers.noise(1))).digest).toBe((await get(numbers.noise(1))).digest);
});
