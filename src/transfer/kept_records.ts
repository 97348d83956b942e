import {
  type ListedTable,
  listAllRows,
  type RowReads,
  type RowWrite,
  type SetAsideScope,
  type Write,
} from "../backend/mod.ts";
import { CorruptError } from "../errors/mod.ts";
import { withoutSenderMessageKeys, withoutSessionMessageKeys } from "../ratchet/mod.ts";
import { sizeOfWrite } from "./write_size.ts";

/** Tables whose size counts. The others are small. */
const COUNTED: readonly ListedTable[] = [
  "session",
  "senderKey",
  "syncVersion",
  "mutationMacs",
  "deviceList",
  "tcToken",
];

/** Bytes of records that one commit writes again without the keys of skipped messages. */
const MAX_REWRITTEN_BYTES: number = 4 * 1_024 * 1_024;

/** Records that one commit writes again or deletes. */
const MAX_REWRITTEN = 5_000;

/** What is kept of an account that is set aside. */
export interface KeptRecords {
  readonly keeps: SetAsideScope;
  /** Writes that take the keys of skipped messages from its records. */
  readonly writes: readonly Write[];
}

/**
 * Reads what an account keeps when it is set aside. A record that has keys of skipped messages is written
 * again without them, one that does not decode is deleted.
 *
 * Only the identity is kept when there is more than `maxBytes`, when a record cannot be read, so that no one
 * knows what is in it, or when more records have such keys than one commit writes.
 */
export async function keptRecords(reads: RowReads, maxBytes: number): Promise<KeptRecords> {
  const writes: Write[] = [];
  const identityAlone: KeptRecords = { keeps: "identity", writes: [] };
  let bytes = 0;
  let rewritten = 0;
  try {
    for await (const row of listAllRows(reads, { tables: COUNTED })) {
      const write = stripped(row);
      const size = sizeOfWrite(write);
      bytes += size;
      if (write !== row) {
        rewritten += size;
        writes.push(write);
      }
      const isTooMuch = rewritten > MAX_REWRITTEN_BYTES || writes.length > MAX_REWRITTEN;
      if (bytes > maxBytes || isTooMuch) return identityAlone;
    }
  } catch (error) {
    if (error instanceof CorruptError) return identityAlone;
    throw error;
  }
  return { keeps: "state", writes };
}

/** The same row when there is nothing to remove from it. */
function stripped(row: RowWrite): Write {
  try {
    if (row.kind === "session.put") {
      const record = withoutSessionMessageKeys(row.record);
      return record === row.record ? row : { ...row, record };
    }
    if (row.kind === "senderKey.put") {
      const record = withoutSenderMessageKeys(row.record);
      return record === row.record ? row : { ...row, record };
    }
    return row;
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error;
    return row.kind === "senderKey.put"
      ? { kind: "senderKey.delete", name: row.name }
      : { kind: "session.delete", address: (row as { readonly address: string }).address };
  }
}
