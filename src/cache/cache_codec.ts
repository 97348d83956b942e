import { encodeUtf8 } from "../bytes/mod.ts";
/** Converts values of one cache to bytes and back. */
export interface CacheCodec<V> {
  /** Encodes a value into new bytes. Throws when it cannot; the value is then not stored. */
  encode(value: V): Uint8Array;
  /** Decodes the result of `encode`, possibly of an earlier release. Throws when the bytes are invalid. */
  decode(bytes: Uint8Array): V;
}

/** Maximum nesting of JSON values. It also rejects objects that contain themselves. */
const MAX_DEPTH = 64;

/**
 * Encodes values as JSON: strings, booleans, finite numbers, `null`, and arrays and plain objects of these.
 * `encode` throws a `TypeError` for others (`Map`, bytes, `bigint`, dates, class instances), which JSON would
 * change: they need another codec. Properties that are `undefined` are omitted.
 *
 * @param check Called with the decoded JSON: returns the value, or throws when this release cannot use it.
 */
export function jsonCacheCodec<V>(check: (decoded: unknown) => V = (decoded) => decoded as V): CacheCodec<V> {
  return {
    encode(value: V): Uint8Array {
      requireJson(value, MAX_DEPTH);
      return encodeUtf8(JSON.stringify(value));
    },
    decode(bytes: Uint8Array): V {
      return check(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
    },
  };
}

function requireJson(value: unknown, depth: number): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value) && !Object.is(value, -0)) return;
  if (typeof value !== "object") throw new TypeError(`encode as JSON: ${typeof value} has no JSON form`);
  if (depth === 0) throw new TypeError(`encode as JSON: nested deeper than ${MAX_DEPTH}`);
  if (Array.isArray(value)) {
    for (const element of value) requireJson(element, depth - 1);
    return;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if ((prototype !== Object.prototype && prototype !== null) || "toJSON" in value)
    throw new TypeError("encode as JSON: not a plain object");
  for (const member of Object.values(value)) if (member !== undefined) requireJson(member, depth - 1);
}
