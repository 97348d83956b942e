/**
 * The protobuf wire format: fields read off bytes, and written into memory of the right size.
 *
 * @module
 */
export { type Allocate, EncodingSlab } from "./encoding_slab.ts";
export { DELIMITED, EMPTY, VARINT, WireReader } from "./wire_reader.ts";
export {
  bytesFieldSize,
  delimitedSize,
  int32FieldSize,
  uint32FieldSize,
  varintSize,
  WireWriter,
} from "./wire_writer.ts";
