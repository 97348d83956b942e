import { CorruptError, WrongLengthError } from "../../errors/mod.ts";

/** How a stored value is damaged: it cannot be decoded, or a part of it has an impossible length. */
export type MemoryDamage = "undecodable" | "wrong-length";

/**
 * A row whose value a test has damaged. Fields that a real backend keeps in columns of their own stay
 * readable.
 */
export class Damaged<V> {
  readonly how: MemoryDamage;
  readonly columns: V;

  constructor(how: MemoryDamage, columns: V) {
    this.how = how;
    this.columns = columns;
  }
}

/** A row that may have been damaged. */
export type Stored<V extends object> = V | Damaged<V>;

/**
 * Returns the row, or throws the error of a read of damaged bytes. @throws {CorruptError | WrongLengthError}
 */
export function readable<V extends object>(what: string, row: Stored<V>): V {
  if (!(row instanceof Damaged)) return row;
  if (row.how === "undecodable") throw new CorruptError(`${what}: stored value cannot be decoded`);
  throw new WrongLengthError(`${what}: stored value has an impossible length`);
}

/** Returns the row with the columns beside the value, damaged or not. */
export function columnsOf<V extends object>(row: Stored<V>): V {
  return row instanceof Damaged ? row.columns : row;
}
