/**
 * The protobuf wire format: messages by their schemas, and for records that are encoded with every message
 * the reader and the writer below them.
 *
 * @module
 */
export { decodeMessage } from "./decode_message.ts";
export { encodeMessage } from "./encode_message.ts";
export { type Allocate, EncodingSlab } from "./encoding_slab.ts";
export { fieldLabel, type Message, type MessageSchema } from "./message.ts";
export { DELIMITED, EMPTY, VARINT, WireReader } from "./wire_reader.ts";
export {
  bytesFieldSize,
  delimitedSize,
  int32FieldSize,
  uint32FieldSize,
  varintSize,
  WireWriter,
} from "./wire_writer.ts";
