import { signalPublicKey } from "../../../src/device/mod.ts";
import type { World } from "../world/world.ts";

/** One-time pre-keys that should be on offer. */
const WANTED_PRE_KEYS = 4;

/** Offers one more pre-key, unless there are enough. */
export function offerPreKey(world: World): void {
  if (world.preKeyPool.length >= WANTED_PRE_KEYS) return;
  world.start("offer a pre-key", async (incarnation) => {
    const [made] = await incarnation.account.device.generatePreKeys(1);
    if (incarnation.isOver || made === undefined) return undefined;
    world.preKeys.set(made.id, signalPublicKey(made.publicKey));
    world.preKeyPool.push(made.id);
    return `${made.id}`;
  });
}
