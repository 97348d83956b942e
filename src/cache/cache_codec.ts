import { encodeUtf8 } from "../bytes/mod.ts";
/** How values of one cache become bytes and come back. */
export interface CacheCodec<V> {
  /** Fresh bytes of a value. Throws when the value has no such form; it is then not stored. */
  encode(value: V): Uint8Array;
  /**
   * The value of bytes that `encode` made, perhaps in an earlier release. Throws when they are not of this
   * form.
   */
  decode(bytes: Uint8Array): V;
}

/** Nesting that JSON values may have. Deeper ones, such as objects that contain themselves, are refused. */
const MAX_DEPTH = 64;

/**
 * Values as JSON: strings, booleans, finite numbers, `null`, arrays and plain objects of them. Others (`Map`,
 * bytes, `bigint`, dates, instances of classes) are refused with `TypeError` when encoded, rather than to
 * come back as something else: they need a codec of their own. Properties that are `undefined` are left out.
 *
 * @param check Called with what was decoded: returns the value, or throws when it is not one of this release.
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
  if (typeof value !== "object") throw new TypeError(`encode as JSON: ${typeof value} has no such form`);
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
