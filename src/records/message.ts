import { type DescMessage, fromBinary, type MessageShape, toBinary } from "@bufbuild/protobuf";
import { ArgumentTypeError, CorruptError } from "../errors/mod.ts";
import { checkWire } from "./check_wire.ts";

/**
 * Decodes one of the messages of `proto/`. Unknown fields are kept and written back by `encodeMessage`.
 *
 * The message shares no memory with `bytes`. Its byte fields are views of one copy.
 *
 * @param action Begins the error's message, such as `decode session`.
 * @throws {TypeError} When `bytes` is not a `Uint8Array`.
 * @throws {CorruptError} When the bytes are not a well-formed encoding of the message: truncated, a length that leads
 * out of its message, a wrong wire type, text that is not UTF-8.
 */
export function decodeMessage<Schema extends DescMessage>(
  schema: Schema,
  bytes: Uint8Array,
  action: string,
): MessageShape<Schema> {
  if (!(bytes instanceof Uint8Array)) throw new ArgumentTypeError(`${action}: not a Uint8Array`);
  // A Buffer's slice would be a view of the caller's memory.
  const own = new Uint8Array(bytes);
  const fault = checkWire(schema, own);
  if (fault !== undefined) throw new CorruptError(`${action}: ${fault}`);
  try {
    return fromBinary(schema, own);
  } catch (cause) {
    throw new CorruptError(`${action}: malformed`, { cause });
  }
}

/** Encodes one of the messages of `proto/`, unknown fields included. The bytes are the caller's own. */
export function encodeMessage<Schema extends DescMessage>(
  schema: Schema,
  message: MessageShape<Schema>,
): Uint8Array {
  return toBinary(schema, message);
}
