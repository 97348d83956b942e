import type { Device, Write } from "../backend/mod.ts";
import { sameBytes } from "../bytes/mod.ts";
import { IdentityConflictError } from "../errors/mod.ts";

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

/** Checks every device in a commit: see `requireSameIdentity`. */
export function requireSameIdentityIn(writes: readonly Write[], current: Device): void {
  for (const write of writes) {
    if (write.kind === "device.save") requireSameIdentity("save device", current, write.device);
  }
}

/** Whether two devices have one identity key pair. */
export function hasSameIdentity(a: Device, b: Device): boolean {
  return (
    sameBytes(a.identityKey.publicKey, b.identityKey.publicKey) &&
    sameBytes(a.identityKey.privateKey, b.identityKey.privateKey)
  );
}
