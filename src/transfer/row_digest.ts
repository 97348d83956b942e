import { sha256 } from "@noble/hashes/sha2.js";
import { hexOf } from "../bytes/mod.ts";

/** A digest of the rows of an account, by which two readings are compared. */
export class RowDigest {
  readonly #hash = sha256.create();

  /** Adds an encoded record. */
  add(record: Uint8Array): void {
    this.#hash.update(record);
  }

  /** The digest. Nothing can be added afterwards. */
  get value(): string {
    return hexOf(this.#hash.digest());
  }
}
