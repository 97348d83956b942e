import {
  type Backend,
  type Device,
  holdOf,
  LISTED_TABLES,
  type ListedTable,
  listAllRows,
  refuseHeld,
  refuseSealed,
} from "../backend/mod.ts";
import { BusyError, RefusedError, requireObject, requireType } from "../errors/mod.ts";
import { type Host, systemHost } from "../ports/mod.ts";
import { Batch } from "./batched.ts";
import {
  encodeRecord,
  TransferCounts,
  type TransferHeader,
  type TransferKind,
  type TransferRecord,
} from "./records.ts";
import { requireMethods } from "./require_parts.ts";
import { RowDigest } from "./row_digest.ts";
import { writeTransferFile } from "./transfer_file.ts";

/** The reads of an account that is exported. */
export type ExportReads = Pick<Backend, "listRows" | "load" | "readOwner">;

/** Options of writing a transfer file. */
export interface ExportOptions {
  /**
   * Seals the file: 8 to 1,024 characters. Without it the file has every key of the account in the clear.
   */
  readonly passphrase?: string | undefined;
  /** Name of the account, to be written in the header. Nothing depends on it. */
  readonly account?: string | undefined;
  /** Clock and randomness. Missing ones default to the host's own. */
  readonly host?: Partial<Pick<Host, "clock" | "random">> | undefined;
}

/**
 * Writes the file of an account that is not open anywhere: it reads the rows twice and fails when they have
 * changed in between. It takes no ownership and writes nothing.
 *
 * The file is a copy. Damaged rows are left out and counted in its totals. Holds one page of rows.
 *
 * @throws {RefusedError} When there is no device.
 * @throws {SealedError} When the account is encrypted, and the backend has no keys.
 * @throws {HeldError} When the account is still being imported or moved there.
 * @throws {BusyError} When the account is written to during it: close it, or use `backupAccount`.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 * import { exportAccount, importAccount } from "@holdfast/store/transfer";
 *
 * const database = new MemoryDatabase();
 * await (await openAccount({ backend: memoryBackend({ database }) })).close();
 * const file = exportAccount(memoryBackend({ database }), { passphrase: "correct horse battery" });
 * const options = { mode: "new", passphrase: "correct horse battery" } as const;
 * await importAccount(memoryBackend(), file, options);
 * ```
 */
export async function* exportAccount(
  reads: ExportReads,
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  yield* exportAs("export", reads, options);
}

/**
 * As `exportAccount`, of reads that see one state, such as those of a file in one transaction: the account
 * may be open. The file is a backup, so that an import always gives up every chain.
 */
export async function* exportAsBackup(
  reads: ExportReads,
  options: ExportOptions = {},
): AsyncGenerator<Uint8Array, void, void> {
  yield* exportAs("backup", reads, options);
}

async function* exportAs(
  kind: TransferKind,
  reads: ExportReads,
  options: ExportOptions,
): AsyncGenerator<Uint8Array, void, void> {
  requireMethods("export account: the backend", reads, ["listRows", "load", "readOwner"]);
  requireObject("options", options);
  const { clock, random } = systemHost(options.host);
  const { passphrase, account } = options;
  const made = { kind, account, createdAtMs: clock.nowMs() };
  yield* writeTransferFile(exportRecords(made, reads), { passphrase, random });
}

async function* exportRecords(made: MadeFile, reads: ExportReads): AsyncGenerator<Uint8Array, void, void> {
  await requireWhole(reads);
  const counts = new TransferCounts();
  const first = new RowDigest();
  const batch = new Batch();
  const device = await deviceOf(reads);
  yield encodeRecord({ kind: "header", header: headerOf(made, device) });
  for await (const record of allRecords(reads, device, counts)) {
    counts.add(record);
    const encoded = encodeRecord(record);
    first.add(encoded);
    if (batch.add(encoded)) yield batch.take();
  }
  await requireUnchanged(reads, first);
  batch.add(encodeRecord({ kind: "totals", totals: counts.totals }));
  yield batch.take();
}

/** Reads everything again. Equal readings are one state: that between the end of the first and the second. */
async function requireUnchanged(reads: ExportReads, first: RowDigest): Promise<void> {
  const second = new RowDigest();
  for await (const record of allRecords(reads, await deviceOf(reads), new TransferCounts()))
    second.add(encodeRecord(record));
  if (second.value === first.value) return;
  throw new BusyError("export account: it was written to during the export, close it or make a backup");
}

/** The device and all rows. Damaged rows are counted and left out. */
async function* allRecords(
  reads: ExportReads,
  device: Device,
  counts: TransferCounts,
): AsyncGenerator<TransferRecord, void, void> {
  yield { kind: "device", device };
  const onUnreadable = (table: ListedTable, rows: number): void => counts.addUnreadable(table, rows);
  for await (const write of listAllRows(reads, { tables: LISTED_TABLES, onUnreadable }))
    yield { kind: "row", write };
}

/** The stored device. @throws {RefusedError} When there is none. */
export async function deviceOf(reads: Pick<ExportReads, "load">): Promise<Device> {
  const device = await reads.load();
  if (device === undefined) throw new RefusedError("export account: there is no account");
  refuseSealed("export account", { device });
  return device;
}

/** How a file is made. */
type MadeFile = Pick<TransferHeader, "account" | "createdAtMs" | "kind">;

/** What a file says about the account of a device. */
export function headerOf(made: MadeFile, { pn, lid, registrationId }: Device): TransferHeader {
  if (made.account !== undefined) requireType("export account: account", made.account, "string");
  return { ...made, pn, lid, registrationId };
}

/** @throws {HeldError} When only a part of the account may be there. */
async function requireWhole(reads: ExportReads): Promise<void> {
  const stored = await reads.readOwner();
  refuseSealed("export account", { owner: stored });
  const owner = stored?.owner;
  const state = holdOf(owner)?.state;
  if (state === "importing" || state === "arriving") refuseHeld("export account", owner);
}
