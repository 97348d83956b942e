import { decodeUtf8, encodeUtf8 } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import type { Device } from "./device_store.ts";

/**
 * Name in `Device.extra`. The value is text: the members of a `RestoreEpoch` in their order, those of a
 * `RaisedEpoch` all or none, and `new` for `isNew`.
 */
const NAME = "holdfast.restore-epoch";

const STORED = /^(\d{1,10})(?: (\d{1,10}) (\d+ \w+)( new)?)?$/;

/** How often the database of a device was restored, as far as the device knows. */
export type RestoreEpoch = {
  /** The greatest number that a caller ever passed. */
  readonly own: number;
} & (RaisedEpoch | UnraisedEpoch);

interface RaisedEpoch {
  /** Raises that the databases of the device have made by themselves. */
  readonly raised: number;
  /** Which raises of which database those are: a number and an id. */
  readonly seen: `${number} ${string}`;
  /** Whether the database was raised after the device was stored. */
  readonly isNew: boolean;
}

/** No database of the device has raised it. */
interface UnraisedEpoch {
  readonly raised: 0;
  readonly seen: "";
  readonly isNew: false;
}

/** The restore epoch of a device. @throws {CorruptError} When the stored one is malformed. */
export function readRestoreEpoch({ extra }: Device): RestoreEpoch {
  const bytes = extra.get(NAME);
  const stored = STORED.exec(bytes === undefined ? "0" : (decodeUtf8(bytes) ?? ""));
  if (stored === null) throw new CorruptError("open account: the stored restore epoch is no number");
  const [, own, raised = 0, seen = "", fresh] = stored;
  // The pattern has all members of a raised epoch, or none.
  return { own: Number(own), raised: Number(raised), seen, isNew: fresh !== undefined } as RestoreEpoch;
}

/** The device with a restore epoch. */
export function withRestoreEpoch(device: Device, { own, raised, seen, isNew }: RestoreEpoch): Device {
  const text = `${own}${seen && ` ${raised} ${seen}`}${isNew ? " new" : ""}`;
  return { ...device, extra: new Map(device.extra).set(NAME, encodeUtf8(text)) };
}
