/**
 * Read-only access: read a snapshot.
 *
 * A snapshot is frozen and free to take. Take a new one for each read, because an old one does not change. To
 * change something, see `modifications.ts`.
 *
 * In a project of your own the imports are `@holdfast/store` and `@holdfast/store/memory`.
 */
import { openAccount } from "../../mod.ts";
import { memoryBackend } from "../../src/adapters/memory/mod.ts";

await using account = await openAccount({ backend: memoryBackend({ account: "alice" }) });

const before = account.device.getDeviceSnapshot();
console.log(`registration id ${before.registrationId}, paired: ${account.device.isRegistered}`);

account.device.processCommand({ kind: "setPushName", pushName: "Alice" });
const after = account.device.getDeviceSnapshot();

/** The first snapshot has not changed. */
export const pushNames: readonly string[] = [before.pushName, after.pushName];

/**
 * Without a change in between, two snapshots are the same object, so comparing them by identity detects
 * changes.
 */
export const unchanged: boolean = account.device.getDeviceSnapshot() === after;

console.log(`push name before ${JSON.stringify(before.pushName)}, after ${JSON.stringify(after.pushName)}`);
