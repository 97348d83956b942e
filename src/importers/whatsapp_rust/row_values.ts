import { type DeviceListRecord, IDENTITY_KEY_BYTES } from "../../backend/mod.ts";
import { KEY_BYTES, KEY_TYPE } from "../../bytes/mod.ts";
import { keyPairOf } from "../../device/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { decodePreKey, encodePreKey } from "../../records/mod.ts";
import { integerOf, optionalIntegerOf, optionalTextOf, type SqlRow, textOf } from "../sql_rows.ts";

/**
 * The device list of a row, whose JSON is an array of objects with `device_id` and `key_index`.
 *
 * @throws {CorruptError}
 */
export function deviceListOf(row: SqlRow): DeviceListRecord {
  const phash = optionalTextOf(row, "phash");
  const rawId = optionalIntegerOf(row, "raw_id", undefined);
  return {
    user: textOf(row, "user_id"),
    devices: devicesOf(textOf(row, "devices_json")),
    timestamp: integerOf(row, "timestamp"),
    ...(phash === undefined ? {} : { phash }),
    // A number of 32 bits without sign, in a column with sign.
    ...(rawId === undefined ? {} : { rawId: rawId >>> 0 }),
  };
}

function devicesOf(json: string): DeviceListRecord["devices"] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new CorruptError("read row: devices_json is not JSON");
  }
  if (!Array.isArray(parsed)) throw new CorruptError("read row: devices_json is not an array");
  return parsed.map((device: { readonly device_id?: unknown; readonly key_index?: unknown } | null) => {
    const { device_id: deviceId, key_index: keyIndex } = device ?? {};
    if (typeof deviceId !== "number") throw new CorruptError("read row: a device has no id");
    return { deviceId, ...(typeof keyIndex === "number" ? { keyIndex } : {}) };
  });
}

/** An identity key, with or without its prefix. */
export function identityOf(key: Uint8Array): Uint8Array {
  return key.length === IDENTITY_KEY_BYTES + 1 && key[0] === KEY_TYPE ? key.slice(1) : key;
}

/** The record of a pre-key. Older databases have the private and the public key. @throws {CorruptError} */
export function preKeyRecordOf(id: number, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 2 * KEY_BYTES) return encodePreKey({ id, ...keyPairOf(bytes.slice(0, KEY_BYTES)) });
  const preKey = decodePreKey(bytes);
  return preKey.id === id ? bytes : encodePreKey({ ...preKey, id });
}
