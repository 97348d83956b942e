import type { Device } from "../backend/mod.ts";
import { encodeUtf8 } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { MAX_RESTORE_EPOCH } from "../signal/mod.ts";

/** Name in `Device.extra`. The value is decimal text. */
const NAME = "holdfast.restore-epoch";

/** How often the database of a device was restored, as far as the device knows. @throws {CorruptError} */
export function restoreEpochOf({ extra }: Device): number {
  const bytes = extra.get(NAME);
  if (bytes === undefined) return 0;
  const text = new TextDecoder().decode(bytes);
  if (!/^[1-9][0-9]{0,9}$/.test(text) || Number(text) > MAX_RESTORE_EPOCH) {
    throw new CorruptError("open account: the stored restore epoch is no number");
  }
  return Number(text);
}

/**
 * The device, in a restore epoch if that is greater than its own; the same object otherwise.
 *
 * @throws {RangeError} When the epoch is out of range.
 * @throws {CorruptError} When the stored one is.
 */
export function inRestoreEpoch(device: Device, epoch: number): Device {
  if (!Number.isInteger(epoch) || epoch < 0 || epoch > MAX_RESTORE_EPOCH) {
    throw new RangeError(`open account: restore epoch ${epoch} is not within 0 … ${MAX_RESTORE_EPOCH}`);
  }
  if (epoch <= restoreEpochOf(device)) return device;
  return { ...device, extra: new Map(device.extra).set(NAME, encodeUtf8(String(epoch))) };
}
