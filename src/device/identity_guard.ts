import type { Device, Write } from "../backend/mod.ts";
import { ArgumentTypeError, IdentityConflictError } from "../errors/mod.ts";
import { refuseUnsoundKey, unsoundPairOf } from "./sound_keys.ts";
import { sameValue } from "./value.ts";

/**
 * Refuses keys that a device must not take. A key pair whose halves do not belong together would lock the
 * account out at its next opening. Another identity key is refused for a paired device: its sessions, sender
 * keys and pre-keys belong to the key that it has, and with another one no message could be read, and nothing
 * would say so.
 *
 * @param action Start of the message.
 * @throws {RangeError} When `proposed` brings a key pair whose halves do not belong together.
 * @throws {IdentityConflictError} When `current` has a phone number and `proposed` another identity key.
 */
export function requireFittingKeys(action: string, current: Device, proposed: Device): void {
  refuseUnsoundKey(action, unsoundPairOf(proposed, current));
  if (current.pn === undefined || hasSameIdentity(current, proposed)) return;
  throw new IdentityConflictError(
    `${action}: the account is paired with another identity, erase it or open another account to link a new device`,
  );
}

/**
 * Refuses writes that change the identity, or clear the account, behind the open account: memory would go on
 * with what is gone.
 *
 * @throws {IdentityConflictError} When a device has another identity key.
 * @throws {RangeError} When a device has a key pair whose halves do not belong together.
 * @throws {TypeError} When the account would be cleared.
 */
export function refuseIdentityChange(writes: readonly Write[], current: Device): void {
  for (const write of writes) {
    if (write.kind === "account.clear") {
      throw new ArgumentTypeError("commit: an open account is cleared by a change of its device's identity");
    }
    if (write.kind !== "device.save") continue;
    requireFittingKeys("save device", current, write.device);
    if (hasSameIdentity(current, write.device)) continue;
    throw new IdentityConflictError(
      "save device: another identity is not taken with other writes, use account.device",
    );
  }
}

/** Whether two devices have one identity key pair. */
export function hasSameIdentity(a: Device, b: Device): boolean {
  return sameValue(a.identityKey, b.identityKey);
}
