import type { HashState, ServerCertChain, SyncKey } from "../../backend/mod.ts";
import { decodeUtf8, KEY_BYTES } from "../../bytes/mod.ts";
import { CorruptError, StoreError } from "../../errors/mod.ts";
import { decodeHashState, decodeServerCertChain, decodeSyncKey } from "../../records/mod.ts";

/** Greatest integer in one byte. Others follow a marker. */
const MAX_SMALL = 250;

/** Bytes of an integer by its marker. */
const MARKERS: Readonly<Record<number, number>> = { 251: 2, 252: 4, 253: 8 };

const HASH_BYTES = 128;

/**
 * Reads the positional encoding of databases before the middle of 2026: fields in order without names,
 * lengths and integers as one byte, or a marker and little-endian bytes, signed integers in zigzag.
 */
class PositionalReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    // Parts of a Buffer would be views.
    this.#bytes = new Uint8Array(bytes);
  }

  raw(length: number): Uint8Array {
    if (this.#at + length > this.#bytes.length) throw new CorruptError("decode positional: truncated");
    const part = this.#bytes.slice(this.#at, this.#at + length);
    this.#at += length;
    return part;
  }

  unsigned(): bigint {
    const [first = 0] = this.raw(1);
    if (first <= MAX_SMALL) return BigInt(first);
    const size = MARKERS[first];
    if (size === undefined) throw new CorruptError("decode positional: an integer is too large");
    return this.raw(size).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  }

  /** A time. @throws {CorruptError} When it is negative or too large. */
  time(): number {
    const zigzag = this.unsigned();
    const time = Number(zigzag >> 1n);
    if ((zigzag & 1n) === 1n || !Number.isSafeInteger(time))
      throw new CorruptError("decode positional: a time is out of range");
    return time;
  }

  bytes(): Uint8Array {
    const length = this.unsigned();
    if (length > BigInt(this.#bytes.length)) throw new CorruptError("decode positional: truncated");
    return this.raw(Number(length));
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw new CorruptError("decode positional: more bytes than fields");
  }
}

/**
 * Decodes a sync key in either encoding. @throws {CorruptError} When it is in neither, or could be in both.
 */
export function syncKeyOf(bytes: Uint8Array): SyncKey {
  return inOneOf(bytes, decodeSyncKey, (reader) => {
    const keyData = reader.bytes();
    if (keyData.length === 0) throw new CorruptError("decode positional: a key is empty");
    return { keyData, fingerprint: reader.bytes(), timestamp: reader.time() };
  });
}

/** Decodes the state of a collection in either encoding. @throws {CorruptError} As `syncKeyOf`. */
export function hashStateOf(bytes: Uint8Array): HashState {
  return inOneOf(bytes, decodeHashState, (reader) => {
    const version = reader.unsigned();
    const hash = reader.raw(HASH_BYTES);
    const indexValueMap = new Map<string, Uint8Array>();
    for (let left = reader.unsigned(); left > 0n; left--) {
      const index = decodeUtf8(reader.bytes());
      if (index === undefined) throw new CorruptError("decode positional: an index is not text");
      indexValueMap.set(index, reader.bytes());
    }
    return { version, hash, indexValueMap, macMismatchFatal: false };
  });
}

/** Decodes a certificate chain in either encoding. @throws {CorruptError} As `syncKeyOf`. */
export function certChainOf(bytes: Uint8Array): ServerCertChain {
  const readCert = (reader: PositionalReader): ServerCertChain["leaf"] => ({
    key: reader.raw(KEY_BYTES),
    notBefore: reader.time(),
    notAfter: reader.time(),
  });
  return inOneOf(bytes, decodeServerCertChain, (reader) => ({
    intermediate: readCert(reader),
    leaf: readCert(reader),
  }));
}

function inOneOf<T>(
  bytes: Uint8Array,
  decode: (bytes: Uint8Array) => T,
  read: (reader: PositionalReader) => T,
): T {
  const protobuf = attempt(() => decode(bytes));
  const positional = attempt(() => {
    const reader = new PositionalReader(bytes);
    const value = read(reader);
    reader.end();
    return value;
  });
  if (protobuf !== undefined && positional !== undefined)
    throw new CorruptError("decode foreign value: its encoding is ambiguous");
  const value = protobuf ?? positional;
  if (value === undefined) throw new CorruptError("decode foreign value: of an unknown encoding");
  return value;
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof StoreError) return undefined;
    throw error;
  }
}
