import { CorruptError, WrongLengthError } from "../../errors/mod.ts";

/** How a stored value is damaged: it cannot be understood, or a part of it has an impossible length. */
export type MemoryDamage = "undecodable" | "wrong-length";

/**
 * A row whose value was damaged by a test. What a real backend keeps in columns of its own is still readable.
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

/** The row, or the error that a reader of damaged bytes gets. @throws {CorruptError | WrongLengthError} */
export function readable<V extends object>(what: string, row: Stored<V>): V {
  if (!(row instanceof Damaged)) return row;
  if (row.how === "undecodable") throw new CorruptError(`${what}: stored value cannot be decoded`);
  throw new WrongLengthError(`${what}: stored value has an impossible length`);
}

/** The row with what is kept beside the value, damaged or not. */
export function columnsOf<V extends object>(row: Stored<V>): V {
  return row instanceof Damaged ? row.columns : row;
}
