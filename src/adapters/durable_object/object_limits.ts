import { RefusedError } from "../../errors/mod.ts";
import type { SqlLimits, SqlStatement } from "../sqlite/mod.ts";

/**
 * Bound parameters, bytes of SQL, and bytes of a value or a row (Cloudflare's limits of SQLite-backed Durable
 * Objects: "2 MB", which D1, the same engine, documents as 2,000,000 bytes). They are enforced here because
 * the local runtime does not enforce them all.
 */
const MAX_PARAMETERS = 100;
const MAX_SQL_BYTES = 100_000;
const MAX_ROW_BYTES = 2_000_000;

/**
 * Bytes of a row besides its longest value: up to four text keys of 1,024 characters, and a device's other
 * columns.
 */
const ROW_RESERVE_BYTES = 32_768;

/** Maximum bytes of one UTF-16 code unit in UTF-8. */
const MAX_UNIT_BYTES = 3;

/** Limits of one statement of the backend. */
export const OBJECT_LIMITS: SqlLimits = {
  maxParameters: MAX_PARAMETERS,
  maxSqlBytes: MAX_SQL_BYTES,
  maxValueBytes: MAX_ROW_BYTES - ROW_RESERVE_BYTES,
};

/**
 * Checks a statement against the platform's limits.
 *
 * @param statementIndex Its index in the batch, for the error.
 * @throws {RefusedError} When a limit is exceeded.
 * @throws {TypeError} When the platform cannot bind the type of a parameter, or binds it as another type.
 */
export function requireWithinLimits({ sql, params }: SqlStatement, statementIndex?: number): void {
  const refuse = (what: string): never => {
    throw new RefusedError(`bind statement: ${what}`, { writeIndex: statementIndex });
  };
  if (params.length > MAX_PARAMETERS) {
    refuse(`${params.length} parameters, the platform allows ${MAX_PARAMETERS}`);
  }
  if (exceeds(sql, MAX_SQL_BYTES)) refuse(`the SQL is longer than ${MAX_SQL_BYTES} bytes`);
  for (const value of params) {
    if (value instanceof Uint8Array) {
      if (value.byteLength > MAX_ROW_BYTES) {
        refuse(`a value of ${value.byteLength} bytes, the platform allows ${MAX_ROW_BYTES}`);
      }
    } else if (typeof value === "string") {
      if (exceeds(value, MAX_ROW_BYTES)) refuse(`a text is longer than ${MAX_ROW_BYTES} bytes`);
    } else if (value !== null && typeof value !== "number") {
      // The platform binds a boolean as text, and no 64-bit integer.
      throw new TypeError(`bind statement: ${typeof value} is not a SQLite type`);
    }
  }
}

/** Whether a text has more than `max` bytes in UTF-8. Short texts need no encoding. */
function exceeds(text: string, max: number): boolean {
  return text.length * MAX_UNIT_BYTES > max && new TextEncoder().encode(text).byteLength > max;
}
