import type { Device, Write } from "../backend/mod.ts";
import { ArgumentTypeError, IdentityConflictError } from "../errors/mod.ts";
import { sameValue } from "./value.ts";

/**
 * Refuses another identity key for a paired device. Its sessions, sender keys and pre-keys belong to the key
 * that it has: with another one, no message could be read, and nothing would say so.
 *
 * @param action Start of the message.
 * @throws {IdentityConflictError} When `current` has a phone number and `proposed` another identity key.
 */
export function requireSameIdentity(action: string, current: Device, proposed: Device): void {
  if (current.pn === undefined || hasSameIdentity(current, proposed)) return;
  throw new IdentityConflictError(
    `${action}: the account is paired with another identity, erase it or open another account to link a new device`,
  );
}

/** Whether one of these writes saves a device with another identity than `current`. */
export function savesOtherIdentity(writes: readonly Write[], current: Device): boolean {
  return writes.some((write) => write.kind === "device.save" && !hasSameIdentity(current, write.device));
}

/**
 * Refuses writes that change the identity, or clear the account, behind the open account: memory would go on
 * with what is gone.
 *
 * @throws {IdentityConflictError} When a device has another identity key.
 * @throws {TypeError} When the account would be cleared.
 */
export function refuseIdentityChange(writes: readonly Write[], current: Device): void {
  for (const write of writes) {
    if (write.kind === "account.clear") {
      throw new ArgumentTypeError("commit: an open account is cleared by a change of its device's identity");
    }
    if (write.kind !== "device.save" || hasSameIdentity(current, write.device)) continue;
    requireSameIdentity("save device", current, write.device);
    throw new IdentityConflictError(
      "save device: another identity is not taken together with other writes, change it by account.device",
    );
  }
}

/** Whether two devices have one identity key pair. */
export function hasSameIdentity(a: Device, b: Device): boolean {
  return sameValue(a.identityKey, b.identityKey);
}
