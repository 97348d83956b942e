import type { Account } from "../account/mod.ts";

/**
 * Makes the device, and what lands with it, durable. A flush that saves other things although the backend refuses the
 * device is none.
 *
 * @throws {StoreError} When the device could not be committed. It stays as it is in memory; calling again tries again.
 */
export async function flushDevice(account: Account): Promise<void> {
  const { isolated } = await account.flush();
  const refused = isolated.find(({ source }) => source === "device");
  if (refused !== undefined) throw refused.error;
}
