import { create } from "@bufbuild/protobuf";
import { entriesOf, mapOf } from "./_entries.ts";
import { DeviceExtraSchema } from "./gen/holdfast/v1/device_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

/**
 * Encodes the named opaque values of a device. Equal maps have equal bytes.
 *
 * @throws {TypeError} When a name is not well-formed text or a value not bytes.
 */
export function encodeDeviceExtra(extra: ReadonlyMap<string, Uint8Array>): Uint8Array {
  return encodeMessage(
    DeviceExtraSchema,
    create(DeviceExtraSchema, { values: entriesOf("encode device extra", extra) }),
  );
}

/** Decodes the named opaque values of a device. @throws {CorruptError} When the bytes do not decode. */
export function decodeDeviceExtra(bytes: Uint8Array): Map<string, Uint8Array> {
  return mapOf(decodeMessage(DeviceExtraSchema, bytes, "decode device extra").values);
}
