import { createHmac } from "node:crypto";

const STEP = Uint8Array.of(0x02);

/** The key of a Signal chain after some messages, by `node:crypto` alone. */
export function nodeHmacChain(key: Uint8Array, steps: number): Uint8Array {
  let next = key;
  for (let step = 0; step < steps; step += 1) next = createHmac("sha256", next).update(STEP).digest();
  return next;
}
