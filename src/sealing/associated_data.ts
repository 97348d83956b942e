import type { ValuePlace } from "../backend/mod.ts";
import { encodeUtf8, encodeUtf8Into, hexOf } from "../bytes/mod.ts";

/** Bytes for the place of a value, enough for all but the longest keys. */
const PLACE_BYTES = 1_024;

/**
 * Encodes the places of values as associated data: account and id of the root key, table, name, entry, lease
 * and key of the row. No text has a NUL, and the parts before the key are always there, so two places have no
 * bytes in common.
 */
export class PlaceEncoder {
  readonly #prefix: Uint8Array;
  /** The prefix, and room for a place. */
  readonly #bytes: Uint8Array;
  readonly #room: Uint8Array;

  constructor(account: string, keyId: Uint8Array) {
    this.#prefix = encodeUtf8(`holdfast sealing 1\0${account}\0${hexOf(keyId)}\0`);
    this.#bytes = new Uint8Array(this.#prefix.length + PLACE_BYTES);
    this.#bytes.set(this.#prefix);
    this.#room = this.#bytes.subarray(this.#prefix.length);
  }

  /** The bytes of a place. They change with the next call. */
  encode({ table, key, name, entry, lease }: ValuePlace): Uint8Array {
    let text = `${table}\0${name}\0${entry === undefined ? "" : `=${entry}`}\0`;
    if (lease !== undefined) text += `${lease.reservedUntil} ${lease.burned} ${lease.incarnation}`;
    for (const part of key) text += part instanceof Uint8Array ? `\0${hexOf(part)}` : `\0${part}`;
    if (3 * text.length <= PLACE_BYTES) {
      const length = this.#prefix.length + encodeUtf8Into(text, this.#room);
      return this.#bytes.subarray(0, length);
    }
    const place = encodeUtf8(text);
    const bytes = new Uint8Array(this.#prefix.length + place.length);
    bytes.set(this.#prefix);
    bytes.set(place, this.#prefix.length);
    return bytes;
  }
}
