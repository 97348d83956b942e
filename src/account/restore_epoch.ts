import { type Device, readRestoreEpoch, withRestoreEpoch } from "../backend/mod.ts";
import { CorruptError, requireIntegerWithin } from "../errors/mod.ts";
import { MAX_RESTORE_EPOCH } from "../signal/mod.ts";

/**
 * The restore epoch in force: the greatest number that was passed, and each raise by the database itself.
 *
 * @throws {CorruptError} When the stored one is malformed or out of range.
 */
export function restoreEpochOf(device: Device): number {
  const { own, raised } = readRestoreEpoch(device);
  if (own + raised <= MAX_RESTORE_EPOCH) return own + raised;
  throw new CorruptError("open account: the stored restore epoch is out of range");
}

/**
 * The device, in a restore epoch if that is greater than the one that was passed before; the same object
 * when nothing is to be stored.
 *
 * @throws {RangeError} When the epoch is out of range.
 * @throws {CorruptError} When the stored one is malformed.
 */
export function inRestoreEpoch(device: Device, epoch: number): Device {
  requireIntegerWithin("open account: the restore epoch", epoch, 0, MAX_RESTORE_EPOCH);
  const stored = readRestoreEpoch(device);
  if (epoch <= stored.own && !stored.isNew) return device;
  return withRestoreEpoch(device, { ...stored, own: Math.max(epoch, stored.own), isNew: false });
}
