import type { Device, Write } from "../backend/mod.ts";
import { joinBytes } from "../bytes/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { decodePlainValue, encodePlainValue } from "../protocol/mod.ts";
import { TransferFileError } from "./transfer_error.ts";
import { deviceOfPlain, plainOfDevice, plainOfWrite, tableOfWrite, writeOfPlain } from "./write_codec.ts";

/**
 * How a transfer file was made. `export`: of an account at rest. `backup`: of an account that was open, which
 * went on.
 */
export type TransferKind = "export" | "backup";

/** What a transfer file says of itself, without secrets. */
export interface TransferHeader {
  /** How the file was made. */
  readonly kind: TransferKind;
  /** Clock time at the beginning, in milliseconds. */
  readonly createdAtMs: number;
  /** Name of the account where it was, if the writer of the file named it. */
  readonly account: string | undefined;
  /** JID of the phone number, once paired. */
  readonly pn: string | undefined;
  /** JID of the LID, once known. */
  readonly lid: string | undefined;
  /** Registration id of the device, 1 … 2^31−1. */
  readonly registrationId: number;
}

/** What a transfer file says at its end. */
export interface TransferTotals {
  /** Rows by table, as they were read. */
  readonly rows: Readonly<Record<string, number>>;
  /** Writes of commits that were made while a backup was under way. */
  readonly laterWrites: number;
  /** Rows by table that were damaged, and so are not in the file. */
  readonly unreadable: Readonly<Record<string, number>>;
}

/**
 * One part of a transfer file: the header, the device, rows, writes of commits that were made during the
 * backup, which apply in their order among the rows, and the totals.
 */
export type TransferRecord =
  | { readonly kind: "header"; readonly header: TransferHeader }
  | { readonly kind: "device"; readonly device: Device }
  | { readonly kind: "row"; readonly write: Write }
  | { readonly kind: "later"; readonly write: Write }
  | { readonly kind: "totals"; readonly totals: TransferTotals };

/** The byte in front of each kind of record. */
const TAGS = { header: 1, device: 2, row: 3, later: 4, totals: 5 } as const;

const KIND_OF_TAG = new Map(Object.entries(TAGS).map(([kind, tag]) => [tag, kind as keyof typeof TAGS]));

/** Bytes in front of a record: its tag, and the length of what follows (32 bits). */
const PREFIX_BYTES = 5;

/** Greatest record, in bytes. Above every value that a backend stores. */
const MAX_RECORD_BYTES: number = 32 * 1_024 * 1_024;

/** Encodes one record. The result is independent of the record. */
export function encodeRecord(record: TransferRecord): Uint8Array {
  const plain = encodePlainValue(plainOf(record));
  const prefix = new Uint8Array(PREFIX_BYTES);
  const view = new DataView(prefix.buffer);
  view.setUint8(0, TAGS[record.kind]);
  view.setUint32(1, plain.length);
  return joinBytes([prefix, plain]);
}

function plainOf(record: TransferRecord): unknown {
  switch (record.kind) {
    case "header":
      return record.header;
    case "device":
      return plainOfDevice(record.device);
    case "row":
    case "later":
      return plainOfWrite(record.write);
    case "totals":
      return record.totals;
  }
}

/** Counts records, to say at the end of a file what is in it. */
export class TransferCounts {
  readonly #rows = new Map<string, number>();
  readonly #unreadable = new Map<string, number>();
  #laterWrites = 0;

  add(record: TransferRecord): void {
    if (record.kind === "later") this.#laterWrites += 1;
    if (record.kind !== "row") return;
    const table = tableOfWrite(record.write);
    this.#rows.set(table, (this.#rows.get(table) ?? 0) + 1);
  }

  /** Counts rows that are left out. */
  addUnreadable(table: string, rows: number): void {
    this.#unreadable.set(table, (this.#unreadable.get(table) ?? 0) + rows);
  }

  /** Forgets the rows of a table that were left out, since it is read again. */
  forgetUnreadable(table: string): void {
    this.#unreadable.delete(table);
  }

  get totals(): TransferTotals {
    const unreadable = Object.fromEntries(this.#unreadable);
    return { rows: Object.fromEntries(this.#rows), laterWrites: this.#laterWrites, unreadable };
  }
}

/**
 * Decodes the records of a file. The totals come last, and are true of what came before.
 *
 * @param pieces The content of its chunks.
 * @throws {TransferFileError} When the content is malformed.
 * @throws {IncompatibleError} When a newer release has written it.
 */
export async function* decodeRecords(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<TransferRecord, void, void> {
  const counts = new TransferCounts();
  let held: Uint8Array = new Uint8Array();
  let before: TransferRecord["kind"] | undefined;
  for await (const piece of pieces) {
    held = held.length === 0 ? piece : joinBytes([held, piece]);
    let start = 0;
    for (;;) {
      const end = endOfRecord(held, start);
      if (end === undefined || end > held.length) break;
      const record = decodeRecord(held.subarray(start, end));
      requireOrder(before, record.kind);
      if (record.kind === "totals") requireTotals(record.totals, counts.totals);
      counts.add(record);
      before = record.kind;
      start = end;
      yield record;
    }
    held = held.subarray(start);
  }
  if (before !== "totals" || held.length > 0) throw malformed("its content has no end");
}

/** Where the record ends that begins at `start`; `undefined` when its prefix is incomplete. */
function endOfRecord(bytes: Uint8Array, start: number): number | undefined {
  if (bytes.length - start < PREFIX_BYTES) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset + start, PREFIX_BYTES).getUint32(1);
  if (length > MAX_RECORD_BYTES) throw malformed("a record is too long");
  return start + PREFIX_BYTES + length;
}

function decodeRecord(bytes: Uint8Array): TransferRecord {
  const kind = KIND_OF_TAG.get(bytes[0] as never);
  if (kind === undefined) throw malformed("a record is of an unknown kind");
  let plain: unknown;
  try {
    plain = decodePlainValue(bytes.subarray(PREFIX_BYTES));
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    throw new TransferFileError("malformed", "a record does not decode", { cause: error });
  }
  switch (kind) {
    case "header":
      return { kind, header: headerOf(plain) };
    case "device":
      return { kind, device: deviceOfPlain(plain) };
    case "row":
    case "later":
      return { kind, write: writeOfPlain(plain) };
    case "totals":
      return { kind, totals: totalsOf(plain) };
  }
}

function headerOf(plain: unknown): TransferHeader {
  const { kind, createdAtMs, account, pn, lid, registrationId } = (plain ?? {}) as Partial<TransferHeader>;
  const isHeader =
    (kind === "export" || kind === "backup") &&
    typeof createdAtMs === "number" &&
    typeof registrationId === "number" &&
    [account, pn, lid].every((text) => text === undefined || typeof text === "string");
  if (!isHeader) throw malformed("its header is malformed");
  return { kind, createdAtMs, account, pn, lid, registrationId };
}

function totalsOf(plain: unknown): TransferTotals {
  const { rows, laterWrites, unreadable } = (plain ?? {}) as Partial<TransferTotals>;
  if (!isCounts(rows) || typeof laterWrites !== "number" || !isCounts(unreadable))
    throw malformed("its totals are malformed");
  return { rows, laterWrites, unreadable };
}

function isCounts(value: unknown): value is Record<string, number> {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && Object.values(value).every((count) => typeof count === "number");
}

/** The header comes first, then the device, then rows and later writes, then the totals, which end the file. */
function requireOrder(before: TransferRecord["kind"] | undefined, kind: TransferRecord["kind"]): void {
  const isInOrder =
    before === undefined
      ? kind === "header"
      : before === "header"
        ? kind === "device"
        : before !== "totals" && kind !== "header" && kind !== "device";
  if (!isInOrder) throw malformed("its records are out of order");
}

function requireTotals(totals: TransferTotals, counted: TransferTotals): void {
  const { rows, laterWrites } = totals;
  const tables = new Set([...Object.keys(rows), ...Object.keys(counted.rows)]);
  const isSame = [...tables].every((table) => rows[table] === counted.rows[table]);
  if (!isSame || laterWrites !== counted.laterWrites)
    throw malformed("the number of its rows is not what its end says");
}

function malformed(state: string): TransferFileError {
  return new TransferFileError("malformed", state);
}
