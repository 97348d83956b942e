import { decodeBase64, encodeBase64 } from "../bytes/mod.ts";
import { ArgumentTypeError } from "../errors/mod.ts";
import type { TableName, Write } from "./write.ts";

/** A table whose rows are listed. The device has a read of its own: `load`. */
export type ListedTable = Exclude<TableName, "account" | "device">;

/** A stored row, as the write that stores it again. Its lists have one item. */
export type RowWrite = Exclude<
  Extract<Write, { readonly kind: `${ListedTable}.put` | "syncVersion.patch" | "senderKeyDevices.set" }>,
  { readonly kind: "syncVersion.put" }
>;

/** The kind of write that stores a row of each table again. A new table does not compile without one. */
export const ROW_KINDS: { readonly [Table in ListedTable]: Extract<RowWrite["kind"], `${Table}.${string}`> } =
  {
    identity: "identity.put",
    session: "session.put",
    preKey: "preKey.put",
    signedPreKey: "signedPreKey.put",
    senderKey: "senderKey.put",
    quarantine: "quarantine.put",
    syncKey: "syncKey.put",
    syncVersion: "syncVersion.patch",
    mutationMacs: "mutationMacs.put",
    senderKeyDevices: "senderKeyDevices.set",
    lidMapping: "lidMapping.put",
    baseKey: "baseKey.put",
    deviceList: "deviceList.put",
    groupMetadata: "groupMetadata.put",
    tcToken: "tcToken.put",
    sentMessage: "sentMessage.put",
    pendingInbound: "pendingInbound.put",
    msgSecret: "msgSecret.put",
    messageSegment: "messageSegment.put",
  };

/** All tables whose rows are listed. */
export const LISTED_TABLES: readonly ListedTable[] = Object.keys(ROW_KINDS) as ListedTable[];

/** Some rows of a table. */
export interface RowPage {
  /** The rows that could be read, in the order of the table. */
  readonly rows: readonly RowWrite[];
  /** Where the next page begins; `undefined` at the end. A page may have no rows and still have a next one. */
  readonly next: string | undefined;
  /**
   * Rows that are left out because they are damaged: they do not decode, or could not be stored again as they
   * are. What a record contains is not looked at.
   */
  readonly unreadable: number;
}

/** Reads whole tables, page by page. */
export interface RowReads {
  /**
   * Rows of one table of the account, as writes: committed to an empty account in this order, the writes of
   * all tables and the device make an equal account.
   *
   * - The order is that of the table's key; of `lidMapping` that in which the rows were written, of
   *   `pendingInbound` that of `listPendingInbound`.
   * - A collection of app state is one or more `syncVersion.patch`, of which the last has the state. Each of
   *   its value MACs counts as a row. A collection that was forgotten is not listed, nor are mutations of
   *   generations that are not current.
   * - A page has at most `limit` rows (1 … 10,000), and ends with the row with which its values reach 2 MiB.
   * - Pages are not a snapshot: a row that is written between two of them is listed as it was or as it is. A
   *   collection that changes during the listing is listed again, in a new generation, so that its last one
   *   is whole.
   *
   * @param after `next` of the page before; `undefined` for the first one.
   * @throws {TypeError} When `after` is not from this backend.
   */
  listRows(table: ListedTable, after: string | undefined, limit: number): Promise<RowPage>;
}

/** A page ends with the row with which its values reach this many bytes. */
export const MAX_PAGE_BYTES: number = 2 * 1_024 * 1_024;

/** A part of the key of a row. */
export type CursorPart = string | number | null | Uint8Array;

/** Writes the key of a row as a cursor. */
export function encodeCursor(parts: readonly CursorPart[]): string {
  return JSON.stringify(parts.map((part) => (part instanceof Uint8Array ? [encodeBase64(part)] : part)));
}

/** Reads a cursor. @throws {TypeError} When it is malformed. */
export function decodeCursor(cursor: string): readonly CursorPart[] {
  const parts = parsed(cursor);
  if (Array.isArray(parts)) {
    const decoded = parts.map(partOf);
    if (!decoded.includes(undefined)) return decoded as readonly CursorPart[];
  }
  throw malformedCursor();
}

/** The error for a cursor that no page of the table has returned. */
export function malformedCursor(): TypeError {
  return new ArgumentTypeError("listRows: after is not from a page of this table");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One part, `undefined` when it is malformed. */
function partOf(part: unknown): CursorPart | undefined {
  if (typeof part === "string" || part === null) return part;
  if (typeof part === "number") return part;
  if (Array.isArray(part) && typeof part[0] === "string") return decodeBase64(part[0]);
  return undefined;
}
