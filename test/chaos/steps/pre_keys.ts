import { generateKeyPair } from "../../../src/device/mod.ts";
import { encodePreKey } from "../../../src/records/mod.ts";
import type { World } from "../world/world.ts";

/** One-time pre-keys that should be on offer. */
const WANTED_PRE_KEYS = 4;

/** Offers one more pre-key, unless there are enough. */
export function offerPreKey(world: World): void {
  if (world.preKeyPool.length >= WANTED_PRE_KEYS) return;
  const id = world.preKeys.size + 1;
  const pair = generateKeyPair(world.random);
  world.preKeys.set(id, prefixed(pair.publicKey));
  world.start(`offer pre-key ${id}`, async (incarnation) => {
    await incarnation.account.store.storePreKey(id, encodePreKey({ id, ...pair }), true);
    if (!incarnation.isOver) world.preKeyPool.push(id);
    return undefined;
  });
}

function prefixed(key: Uint8Array): Uint8Array {
  return new Uint8Array([5, ...key]);
}
