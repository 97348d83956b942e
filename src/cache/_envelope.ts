/** The first byte of every envelope: its version. */
const VERSION = 1;
const EPOCH_AT = 1;
const WRITE_AT = 9;
const EXPIRES_AT = 17;
const HASH_AT = 25;
const PAYLOAD_AT = 33;

/**
 * Metadata stored with a value, because the store may damage a value, return it for another key, or keep it
 * too long.
 */
export interface Envelope {
  /**
   * Epoch of the namespace at the time of the write. A different current epoch means that the namespace was
   * invalidated.
   */
  readonly epoch: bigint;
  /** Id of this write; never 0. */
  readonly writeId: bigint;
  /** Milliseconds since the Unix epoch; `Infinity` when the value does not expire. */
  readonly expiresAtMs: number;
  readonly payload: Uint8Array;
}

/** Encodes an envelope, bound to its namespace and key. */
export function sealEnvelope(namespace: string, key: string, envelope: Envelope): Uint8Array {
  const bytes = new Uint8Array(PAYLOAD_AT + envelope.payload.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = VERSION;
  view.setBigUint64(EPOCH_AT, envelope.epoch);
  view.setBigUint64(WRITE_AT, envelope.writeId);
  view.setFloat64(EXPIRES_AT, envelope.expiresAtMs);
  bytes.set(envelope.payload, PAYLOAD_AT);
  view.setBigUint64(HASH_AT, hash(namespace, key, bytes));
  return bytes;
}

/**
 * Decodes an envelope; returns `undefined` for bytes that are damaged, foreign, or of another namespace or
 * key.
 */
export function openEnvelope(namespace: string, key: string, bytes: unknown): Envelope | undefined {
  if (!(bytes instanceof Uint8Array) || bytes.length < PAYLOAD_AT || bytes[0] !== VERSION) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getBigUint64(HASH_AT) !== hash(namespace, key, bytes)) return undefined;
  return {
    epoch: view.getBigUint64(EPOCH_AT),
    writeId: view.getBigUint64(WRITE_AT),
    expiresAtMs: view.getFloat64(EXPIRES_AT),
    payload: bytes.slice(PAYLOAD_AT),
  };
}

/**
 * A 64-bit hash over the namespace, the key and all bytes except the hash: two multiplicative mixes with the
 * constants of MurmurHash3's finaliser. It detects accidents, not forged entries: writers of the store are
 * trusted.
 */
function hash(namespace: string, key: string, bytes: Uint8Array): bigint {
  let a = 0xdeadbeef ^ bytes.length;
  let b = 0x41c6ce57 ^ namespace.length;
  const mix = (unit: number) => {
    a = Math.imul(a ^ unit, 0x85ebca6b);
    a ^= a >>> 15;
    b = Math.imul(b ^ unit, 0xc2b2ae35);
    b ^= b >>> 13;
  };
  for (const text of [namespace, key]) for (let at = 0; at < text.length; at++) mix(text.charCodeAt(at));
  for (let at = 0; at < bytes.length; at++) if (at < HASH_AT || at >= PAYLOAD_AT) mix(bytes[at] as number);
  a = Math.imul(a ^ (a >>> 16), 0xc2b2ae35);
  b = Math.imul(b ^ (b >>> 16), 0x85ebca6b);
  return (BigInt((a ^ (a >>> 13)) >>> 0) << 32n) | BigInt((b ^ (b >>> 13)) >>> 0);
}
