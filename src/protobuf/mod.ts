/**
 * The protobuf wire format: messages by their schemas, and the underlying reader and writer for records that
 * are encoded with every message.
 *
 * @module
 */
export { decodeMessage } from "./decode_message.ts";
export { encodeMessage } from "./encode_message.ts";
export { type Allocate, EncodingSlab } from "./encoding_slab.ts";
export { fieldLabel, type Message, type MessageSchema } from "./message.ts";
export { DELIMITED, EMPTY, type Place, VARINT, WireReader } from "./wire_reader.ts";
export {
  bytesFieldSize,
  delimitedSize,
  int32FieldSize,
  uint32FieldSize,
  varintSize,
  WireWriter,
} from "./wire_writer.ts";
