import { create } from "@bufbuild/protobuf";
import { ArgumentRangeError, ArgumentTypeError } from "../errors/mod.ts";
import { entriesOf, mapOf } from "./_entries.ts";
import { requireBytes, StoredMessage } from "./_field.ts";
import { HashStateSchema } from "./gen/holdfast/v1/app_state_pb.ts";
import { decodeMessage, encodeMessage } from "./message.ts";

/** Length of the LT-hash: 64 lanes of 16 bits. */
const HASH_BYTES = 128;

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** State of one app-state collection. */
export interface HashState {
  /** 0 … 2^64−1; 0 for a collection that was never seen. */
  readonly version: bigint;
  /** The LT-hash, exactly 128 bytes. */
  readonly hash: Uint8Array;
  /** Value MACs by index MAC (base64), for clients that keep them inside the state. */
  readonly indexValueMap: ReadonlyMap<string, Uint8Array>;
  readonly macMismatchFatal: boolean;
}

/**
 * Encodes the state of a collection. Equal states have equal bytes.
 *
 * @throws {RangeError} When the hash is not 128 bytes or the version is out of range.
 * @throws {TypeError} When a part is of the wrong type.
 */
export function encodeHashState(state: HashState): Uint8Array {
  const action = "encode hash state";
  if (typeof state.version !== "bigint") throw new ArgumentTypeError(`${action}: version is not a bigint`);
  if (state.version < 0n || state.version > MAX_UINT64)
    throw new ArgumentRangeError(`${action}: version is not 0 to 2^64-1`);
  return encodeMessage(
    HashStateSchema,
    create(HashStateSchema, {
      version: state.version,
      hash: requireBytes(action, "hash", state.hash, HASH_BYTES),
      map: entriesOf(action, state.indexValueMap),
      macMismatchFatal: state.macMismatchFatal,
    }),
  );
}

/**
 * Decodes the state of a collection. A version that is absent reads as 0, the flag as false.
 *
 * @throws {CorruptError} When the bytes do not decode or there is no hash.
 * @throws {WrongLengthError} When the hash is not 128 bytes.
 */
export function decodeHashState(bytes: Uint8Array): HashState {
  const action = "decode hash state";
  const message = decodeMessage(HashStateSchema, bytes, action);
  const stored = new StoredMessage<typeof HashStateSchema>(message, action);
  return {
    version: message.version,
    hash: stored.bytes(HashStateSchema.field.hash, message.hash, HASH_BYTES),
    indexValueMap: mapOf(message.map),
    macMismatchFatal: message.macMismatchFatal,
  };
}
