import type { Account } from "../account/mod.ts";

/** The device among the sources of an account. */
const DEVICE_SOURCE = "device";

/**
 * Makes the device, and what lands with it, durable. Sessions that may wait go on waiting.
 *
 * @throws {StoreError} When the device could not be committed. It stays as it is in memory; calling again tries again.
 */
export async function flushDevice(account: Account): Promise<void> {
  const { isolated } = await account.writeBehind.flushOnly((source) => source === DEVICE_SOURCE);
  const [refused] = isolated;
  if (refused !== undefined) throw refused.error;
}
