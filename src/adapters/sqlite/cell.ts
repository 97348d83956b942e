import { CorruptError } from "../../errors/mod.ts";
import type { SqlValue } from "./sql_driver.ts";

/**
 * A stored value as a driver hands it over; `undefined` when the row has fewer columns than were asked for.
 */
export type Cell = SqlValue | undefined;

/** One row, in column order. */
export type Row = readonly SqlValue[];

/** Decimal text of an unsigned 64-bit integer, without leading zeros. */
const UINT64_TEXT = /^(?:0|[1-9][0-9]{0,19})$/;

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** What a cell is of where nobody reads the error: a listing leaves damaged rows out. */
const ROW = "row";

/** The bytes of a cell, copied. @throws {CorruptError} When it holds anything else. */
export function bytesOf(cell: Cell, what: string = ROW): Uint8Array {
  if (cell instanceof Uint8Array) return new Uint8Array(cell);
  throw new CorruptError(`read ${what}: stored value is not bytes`);
}

/** The text of a cell. @throws {CorruptError} When it holds anything else. */
export function textOf(cell: Cell, what: string = ROW): string {
  if (typeof cell === "string") return cell;
  throw new CorruptError(`read ${what}: stored value is not text`);
}

/**
 * An integer of at most 2^53−1 in absolute value. @throws {CorruptError} When the cell holds anything else.
 */
export function integerOf(cell: Cell, what: string = ROW): number {
  if (typeof cell === "number" && Number.isSafeInteger(cell)) return cell;
  throw new CorruptError(`read ${what}: stored value is not an integer`);
}

/** A flag, stored as 0 or 1. @throws {CorruptError} When the cell holds anything else. */
export function flagOf(cell: Cell, what: string = ROW): boolean {
  if (cell === 0 || cell === 1) return cell === 1;
  throw new CorruptError(`read ${what}: stored value is not 0 or 1`);
}

/**
 * An unsigned 64-bit integer, stored as decimal text since not every platform reads such integers exactly.
 * @throws {CorruptError}
 */
export function uint64Of(cell: Cell, what: string = ROW): bigint {
  if (typeof cell === "string" && UINT64_TEXT.test(cell)) {
    const value = BigInt(cell);
    if (value <= MAX_UINT64) return value;
  }
  throw new CorruptError(`read ${what}: stored value is not an unsigned 64-bit integer`);
}

/** `undefined` for a cell without a value, else what `read` makes of it. */
export function optionalOf<T>(
  cell: Cell,
  what: string,
  read: (cell: Cell, what: string) => T,
): T | undefined {
  return cell === null || cell === undefined ? undefined : read(cell, what);
}
