import { setTimeout } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** Collects all garbage, and lets native code release its resources. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  for (let pass = 0; pass < 2; pass += 1) {
    collect();
    await setTimeout(0);
  }
}

/** Collections until the heap is as small as it gets: array buffers are freed in the background. */
const MAX_COLLECTIONS = 20;

/** Heap and array buffers in use, after collections. */
export async function usedBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let collection = 0; collection < MAX_COLLECTIONS; collection += 1) {
    await collectGarbage();
    await setTimeout(5);
    const { heapUsed, external } = process.memoryUsage();
    least = Math.min(least, heapUsed + external);
  }
  return least;
}
