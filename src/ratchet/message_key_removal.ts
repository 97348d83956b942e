import { joinBytes } from "../bytes/mod.ts";
import { DELIMITED, delimitedSize, WireReader, WireWriter } from "../protobuf/mod.ts";

/** Fields of a message by their numbers: `gone` for one that is removed, else the message in it. */
interface Fields {
  readonly [number: number]: Fields | "gone";
}

const CHAIN: Fields = { 4: "gone" };

const SESSION: Fields = { 6: CHAIN, 7: CHAIN, 110: { 7: CHAIN } };

/** The current session, archived ones, and those beyond the standard's number. */
const SESSION_RECORD: Fields = { 1: SESSION, 2: SESSION, 110: SESSION };

const SENDER_KEY_RECORD: Fields = { 1: { 4: "gone" } };

/**
 * A stored session without the keys of skipped messages, of archived sessions too. Everything else stays as
 * it is. Returns the same bytes when it has none.
 *
 * @throws {CorruptError} When the bytes are no protobuf message.
 */
export function withoutSessionMessageKeys(record: Uint8Array): Uint8Array {
  return without(record, SESSION_RECORD, "read session");
}

/** As `withoutSessionMessageKeys`, of a stored sender key. */
export function withoutSenderMessageKeys(record: Uint8Array): Uint8Array {
  return without(record, SENDER_KEY_RECORD, "read sender key");
}

function without(message: Uint8Array, fields: Fields, action: string): Uint8Array {
  const reader = new WireReader(message, action);
  const pieces: Uint8Array[] = [];
  let isChanged = false;
  while (reader.more()) {
    const tag = reader.tag();
    const field = (tag & 7) === DELIMITED ? fields[tag >>> 3] : undefined;
    if (field === undefined) {
      reader.skip(tag & 7);
      pieces.push(reader.join(reader.span(undefined)));
      continue;
    }
    const inner = reader.bytes();
    const kept = field === "gone" ? undefined : without(inner, field, action);
    if (kept === inner) {
      pieces.push(reader.join(reader.span(undefined)));
      continue;
    }
    isChanged = true;
    if (kept !== undefined) pieces.push(fieldOf(tag, kept));
  }
  return isChanged ? joinBytes(pieces) : message;
}

function fieldOf(tag: number, value: Uint8Array): Uint8Array {
  const writer = new WireWriter(delimitedSize(value.length) + (tag < 0x80 ? 0 : 1));
  writer.bytesField(tag, value);
  return writer.bytes;
}
