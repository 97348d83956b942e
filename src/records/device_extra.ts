import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { entriesOf, mapOf } from "./_entries.ts";
import { DeviceExtraSchema } from "./gen/device.ts";

/**
 * Encodes the named opaque values of a device. Equal maps encode to equal bytes.
 *
 * @throws {TypeError} When a name is not well-formed text or a value is not bytes.
 */
export function encodeDeviceExtra(extra: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return encodeMessage(DeviceExtraSchema, { values: entriesOf(extra) }, "encode device extra");
}

/** Decodes the named opaque values of a device. @throws {CorruptError} When the bytes do not decode. */
export function decodeDeviceExtra(bytes: Uint8Array): Map<string, Uint8Array> {
  return mapOf(decodeMessage(DeviceExtraSchema, bytes, "decode device extra").values);
}
