import { decodeBase64, encodeBase64, encodeUtf8 } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import { isObject, readBytes } from "./_bytes.ts";
import type { WrapBytes } from "./wrap_bytes.ts";

/** Maximum nesting of a value. Credentials have five levels; the limit turns a cycle into an error. */
const MAX_DEPTH = 64;

const ACTION = "convert credentials";

/**
 * Encodes a value as UTF-8 JSON, including values that plain JSON loses: bytes, `undefined`, bigints and
 * numbers without a literal. They become an object with one property whose name begins with `$`:
 *
 * `{"$bytes": base64}` · `{"$undefined": true}` · `{"$bigint": decimal}` · `{"$number": "NaN"}` ·
 * `{"$object": {…}}` for an object that would look like one of these.
 *
 * Other objects keep their own enumerable properties, except functions and symbols, as in JSON.
 *
 * @throws {TypeError} When a value is nested deeper than 64 levels, as in a cycle.
 */
export function encodeTagged(value: unknown): Uint8Array {
  return encodeUtf8(JSON.stringify(tag(value, 0)));
}

/** Decodes the result of `encodeTagged`. @throws {CorruptError} When the bytes are invalid. */
export function decodeTagged(bytes: Uint8Array, wrapBytes: WrapBytes): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The parser's error is not kept as the cause, because its message quotes the text, which contains keys.
    throw new CorruptError(`${ACTION}: not JSON`);
  }
  return untag(parsed, wrapBytes);
}

function tag(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new TypeError(`${ACTION}: a value is nested deeper than ${MAX_DEPTH} levels`);
  if (value instanceof Uint8Array) return { $bytes: encodeBase64(value) };
  if (Array.isArray(value)) return Array.from(value, (item) => tag(item, depth + 1));
  switch (typeof value) {
    case "undefined":
    case "function":
    case "symbol":
      return { $undefined: true };
    case "bigint":
      return { $bigint: String(value) };
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? "-0" : String(value) };
    case "object":
      return value === null ? null : tagObject(value, depth);
    default:
      return value;
  }
}

function tagObject(value: object, depth: number): unknown {
  if (Object.prototype.toString.call(value) === "[object Date]") return JSON.parse(JSON.stringify(value));
  // Bytes in the form of Baileys' files.
  const bytes = (value as { type?: unknown }).type === "Buffer" ? readBytes(value) : undefined;
  if (bytes !== undefined) return tag(bytes, depth);
  const entries = Object.entries(value)
    .filter(([, item]) => typeof item !== "function" && typeof item !== "symbol")
    .map(([name, item]) => [name, tag(item, depth + 1)] as const);
  const object = Object.fromEntries(entries);
  return looksTagged(object) ? { $object: object } : object;
}

function untag(value: unknown, wrapBytes: WrapBytes): unknown {
  if (Array.isArray(value)) return value.map((item) => untag(item, wrapBytes));
  if (!isObject(value)) return value;
  if (looksTagged(value)) return untagOne(value, wrapBytes);
  return untagProperties(value, wrapBytes);
}

function untagOne(value: Readonly<Record<string, unknown>>, wrapBytes: WrapBytes): unknown {
  const [[name, content] = ["", undefined]] = Object.entries(value);
  if (name === "$undefined") return undefined;
  if (name === "$object" && isObject(content)) return untagProperties(content, wrapBytes);
  if (typeof content === "string") {
    if (name === "$number") return Number(content);
    if (name === "$bigint" && /^-?[0-9]+$/.test(content)) return BigInt(content);
    const bytes = name === "$bytes" ? decodeBase64(content) : undefined;
    if (bytes !== undefined) return wrapBytes(bytes);
  }
  throw new CorruptError(`${ACTION}: a value has an unknown tag`);
}

/** `fromEntries` defines properties, so a member named `__proto__` does not set the prototype. */
function untagProperties(value: object, wrapBytes: WrapBytes): object {
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, untag(item, wrapBytes)]));
}

function looksTagged(value: object): boolean {
  const names = Object.keys(value);
  return names.length === 1 && names[0]?.startsWith("$") === true;
}
