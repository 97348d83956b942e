import { RefusedError } from "../../errors/mod.ts";
import type { SqlLimits, SqlStatement } from "../sqlite/mod.ts";

/**
 * Bound parameters, bytes of SQL, and bytes of a value or a row (Cloudflare's limits of SQLite-backed Durable
 * Objects: "2 MB", which D1, the same engine, spells out as 2,000,000 bytes). They are kept here because the
 * local runtime does not keep them all.
 */
const MAX_PARAMETERS = 100;
const MAX_SQL_BYTES = 100_000;
const MAX_ROW_BYTES = 2_000_000;

/**
 * Bytes of a row besides its longest value: up to four text keys of 1,024 characters, and a device's other
 * columns.
 */
const ROW_RESERVE_BYTES = 32_768;

/** Most bytes that one UTF-16 code unit takes in UTF-8. */
const MAX_UNIT_BYTES = 3;

/** What the backend may put into one statement. */
export const OBJECT_LIMITS: SqlLimits = {
  maxParameters: MAX_PARAMETERS,
  maxSqlBytes: MAX_SQL_BYTES,
  maxValueBytes: MAX_ROW_BYTES - ROW_RESERVE_BYTES,
};

/**
 * Checks a statement against the platform's limits.
 *
 * @param statementIndex Its place in the batch, for the error.
 * @throws {RefusedError} When a limit is exceeded.
 * @throws {TypeError} When a parameter is of a type that the platform does not bind, or binds as something
 * else.
 */
export function requireWithinLimits({ sql, params }: SqlStatement, statementIndex?: number): void {
  const refuse = (what: string): never => {
    throw new RefusedError(`bind statement: ${what}`, { writeIndex: statementIndex });
  };
  if (params.length > MAX_PARAMETERS) {
    refuse(`${params.length} parameters, the platform takes ${MAX_PARAMETERS}`);
  }
  if (exceeds(sql, MAX_SQL_BYTES)) refuse(`the SQL is longer than ${MAX_SQL_BYTES} bytes`);
  for (const value of params) {
    if (value instanceof Uint8Array) {
      if (value.byteLength > MAX_ROW_BYTES) {
        refuse(`a value of ${value.byteLength} bytes, the platform takes ${MAX_ROW_BYTES}`);
      }
    } else if (typeof value === "string") {
      if (exceeds(value, MAX_ROW_BYTES)) refuse(`a text is longer than ${MAX_ROW_BYTES} bytes`);
    } else if (value !== null && typeof value !== "number") {
      // A boolean would be bound as text, and a 64-bit integer not at all.
      throw new TypeError(`bind statement: ${typeof value} is not a type of SQLite`);
    }
  }
}

/** Whether a text takes more bytes than `max` in UTF-8. Most are so short that nothing has to be encoded. */
function exceeds(text: string, max: number): boolean {
  return text.length * MAX_UNIT_BYTES > max && new TextEncoder().encode(text).byteLength > max;
}
