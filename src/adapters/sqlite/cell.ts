import { CorruptError } from "../../errors/mod.ts";
import type { Rule } from "../../rules/mod.ts";
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

/**
 * The bytes of a cell, which belong to the caller. Copied only where they are part of larger memory, which
 * they would keep, or of another class. @throws {CorruptError} When the cell holds anything else.
 */
export function bytesOf(cell: Cell, what: string): Uint8Array {
  if (cell instanceof Uint8Array) {
    const isAlone = cell.constructor === Uint8Array && cell.byteLength === cell.buffer.byteLength;
    return isAlone ? cell : new Uint8Array(cell);
  }
  throw new CorruptError(`read ${what}: stored value is not bytes`);
}

/** The text of a cell. @throws {CorruptError} When it holds anything else. */
export function textOf(cell: Cell, what: string): string {
  if (typeof cell === "string") return cell;
  throw new CorruptError(`read ${what}: stored value is not text`);
}

/**
 * An integer of at most 2^53−1 in absolute value. @throws {CorruptError} When the cell holds anything else.
 */
export function integerOf(cell: Cell, what: string): number {
  if (typeof cell === "number" && Number.isSafeInteger(cell)) return cell;
  throw new CorruptError(`read ${what}: stored value is not an integer`);
}

/** A flag, stored as 0 or 1. @throws {CorruptError} When the cell holds anything else. */
export function flagOf(cell: Cell, what: string): boolean {
  if (cell === 0 || cell === 1) return cell === 1;
  throw new CorruptError(`read ${what}: stored value is not 0 or 1`);
}

/**
 * An unsigned 64-bit integer, stored as decimal text since not every platform reads such integers exactly.
 * @throws {CorruptError}
 */
export function uint64Of(cell: Cell, what: string): bigint {
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

/** What reads the cell of a value, by the type of its rule. */
export const CELL_READERS: {
  readonly [Type in Rule["type"]]?: (cell: Cell, what: string) => SqlValue | boolean;
} = {
  text: textOf,
  choice: textOf,
  integer: integerOf,
  flag: flagOf,
  bytes: bytesOf,
};

/** The column of a member: its name in snake case. */
export function columnOf(member: string): string {
  return member.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
