import { decodeHex, decodeUtf8 } from "../../bytes/mod.ts";
import { CorruptError } from "../../errors/mod.ts";
import type { SqlValue } from "../sqlite/mod.ts";

const BOOL = 16;
const BYTEA = 17;

/** Numbers of the types that are read as a number: integers, counts, sums. */
const NUMBERS: ReadonlySet<number> = new Set([20, 21, 23, 26, 700, 701, 1700]);

/** Reads bytes from hexadecimal digits. */
export type HexReader = (digits: string) => Uint8Array;

/** Reads a value in the text format of PostgreSQL. @param type The number of its type. */
export function cellOf(
  text: string | null,
  type: number | undefined,
  readHex: HexReader = bytesOfHex,
): SqlValue {
  if (text === null) return null;
  if (type === undefined) return text;
  if (NUMBERS.has(type)) return Number(text);
  if (type === BOOL) return text === "t" || text === "true" ? 1 : 0;
  return type === BYTEA ? readHex(text.slice(2)) : text;
}

/** Reads a value that a client has converted by its type. */
export function convertedCell(value: unknown, type: number | undefined): SqlValue {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return cellOf(value, type);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  return Number(value);
}

/** Reads a value of a column that is of one type here and of several in SQLite: its first byte is the type. */
export function mixedCell(bytes: SqlValue | undefined): SqlValue {
  if (!(bytes instanceof Uint8Array)) return bytes ?? null;
  const rest = bytes.subarray(1);
  switch (String.fromCharCode(bytes[0] ?? 0)) {
    case "i":
      return 1;
    case "t":
      return decodeUtf8(rest) ?? rest;
    default:
      return rest;
  }
}

function bytesOfHex(digits: string): Uint8Array {
  const bytes = decodeHex(digits);
  if (bytes === undefined) throw new CorruptError("read: stored bytes are not in hexadecimal digits");
  return bytes;
}
