import { decodeMessage, encodeMessage } from "../protobuf/mod.ts";
import { requireBytes, requireParts } from "./_arguments.ts";
import { entriesOf, mapOf } from "./_entries.ts";
import { StoredMessage } from "./_stored_message.ts";
import { HashStateSchema } from "./gen/app_state.ts";

/** Length of the LT-hash: 64 lanes of 16 bits. */
const HASH_BYTES = 128;

/** State of one app-state collection. */
export interface HashState {
  /** 0 … 2^64−1; 0 for an unknown collection. */
  readonly version: bigint;
  /** The LT-hash, exactly 128 bytes. */
  readonly hash: Uint8Array;
  /** Value MACs by index MAC (base64), for clients that keep them in the state. */
  readonly indexValueMap: ReadonlyMap<string, Uint8Array>;
  /** The client's note about a mismatch of MACs. Stored as it is: Holdfast does not act on it. */
  readonly macMismatchFatal: boolean;
}

/**
 * Encodes the state of a collection. Equal states encode to equal bytes.
 *
 * @throws {RangeError} When the hash is not 128 bytes or the version is out of range.
 * @throws {TypeError} When a part has the wrong type.
 */
export function encodeHashState(state: HashState): Uint8Array {
  const action = "encode hash state";
  requireParts(action, state);
  const { version, macMismatchFatal } = state;
  const hash = requireBytes(action, "hash", state.hash, HASH_BYTES);
  return encodeMessage(
    HashStateSchema,
    { version, hash, map: entriesOf(state.indexValueMap), macMismatchFatal },
    action,
  );
}

/**
 * Decodes the state of a collection. An absent version decodes as 0, an absent flag as false.
 *
 * @throws {CorruptError} When the bytes do not decode or there is no hash.
 * @throws {WrongLengthError} When the hash is not 128 bytes.
 */
export function decodeHashState(bytes: Uint8Array): HashState {
  const action = "decode hash state";
  const message = decodeMessage(HashStateSchema, bytes, action);
  const { version = 0n, map, macMismatchFatal = false } = message;
  const hash = new StoredMessage(message, action).bytes("hash", HASH_BYTES);
  return { version, hash, indexValueMap: mapOf(map), macMismatchFatal };
}

/**
 * Decodes index values that a store keeps separately. @throws {CorruptError} When the bytes do not decode.
 */
export function decodeIndexValues(bytes: Uint8Array): Map<string, Uint8Array> {
  return mapOf(decodeMessage(HashStateSchema, bytes, "decode index values").map);
}
