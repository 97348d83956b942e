import { LISTED_TABLES, type ListedTable } from "../backend/mod.ts";
import type { BackupSource } from "../device/mod.ts";
import { BusyError, FencedError, requireFunction, requireObject } from "../errors/mod.ts";
import { systemHost } from "../ports/mod.ts";
import { CommitLog } from "./commit_log.ts";
import { deviceOf, type ExportOptions, headerOf } from "./export_account.ts";
import { encodeRecord, TransferCounts, type TransferTotals } from "./records.ts";
import { requireMethods } from "./require_parts.ts";
import { writeTransferFile } from "./transfer_file.ts";

/** Rows of one page: what is committed while a page is read waits in memory. */
const PAGE_ROWS = 250;

/** Readings of the collections of app state, which begin again when one changes. */
const MAX_READINGS = 8;

/** What a backup is written to. A `WritableStreamDefaultWriter` is one. */
export interface TransferSink {
  /** Takes the next bytes, which belong to it. Settles when it has room for more. */
  write(bytes: Uint8Array): unknown;
  /** Called at the end, when everything was written. */
  close?(): unknown;
  /** Called instead of `close` when the backup fails. What was written is not whole. */
  abort?(reason: unknown): unknown;
}

/** What a backup has written. */
export interface BackupReport extends TransferTotals {
  /** Length of the file in bytes. */
  readonly bytes: number;
}

/**
 * Writes the file of an account that is open, while it goes on. The file is the state of the account at the
 * end of the backup: it reads the rows page by page, and every commit that is applied during it is written
 * behind the page during which it was applied. Received messages that wait for their delivery may change
 * their order within a second.
 *
 * The file is a copy: an import of it gives up every chain, since this account goes on. Damaged rows are
 * left out and counted. Holds one page, and at most 16 MiB of commits.
 *
 * @throws {LimitError} When more is committed while a page is read or the sink is busy than is held. The
 *   account goes on.
 * @throws {AmbiguousError} When the outcome of a commit is unknown. Repeat the backup.
 * @throws {FencedError} When another owner has opened the account, or it was deleted.
 * @throws {BusyError} When the app state changes whenever it is read.
 * @throws What the sink throws, after its `abort` was called.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 * import { backupAccount } from "@holdfast/store/transfer";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * const pieces: Uint8Array[] = [];
 * const report = await backupAccount(account, { write: (piece) => pieces.push(piece) });
 * if (report.bytes === 0) throw new Error("nothing was written");
 * ```
 */
export async function backupAccount(
  account: BackupSource,
  sink: TransferSink,
  options: ExportOptions = {},
): Promise<BackupReport> {
  requireMethods("back up account: the account", account, ["flush", "followCommits"]);
  requireMethods("back up account: the store", account.store, ["listRows", "load", "readOwner"]);
  requireObject("back up account: the host", account.host);
  requireMethods("sink", sink, ["write"]);
  for (const name of ["close", "abort"] as const)
    if (sink[name] !== undefined) requireFunction(`sink.${name}`, sink[name]);
  requireObject("options", options);
  const { random } = systemHost({ random: account.host.random, ...options.host });
  const counts = new TransferCounts();
  let bytes = 0;
  try {
    const createdAtMs = options.host?.clock?.nowMs() ?? account.host.clock.nowMs();
    const header = { kind: "backup", account: options.account, createdAtMs } as const;
    const records = backupRecords(account, counts, header);
    for await (const piece of writeTransferFile(records, { passphrase: options.passphrase, random })) {
      bytes += piece.length;
      await sink.write(piece);
    }
  } catch (error) {
    await sink.abort?.(error);
    throw error;
  }
  await sink.close?.();
  return { ...counts.totals, bytes };
}

async function* backupRecords(
  account: BackupSource,
  counts: TransferCounts,
  made: Parameters<typeof headerOf>[0],
): AsyncGenerator<Uint8Array, void, void> {
  await account.flush();
  const log = new CommitLog(counts);
  const stop = account.followCommits(log.follow);
  try {
    const owner = await account.store.readOwner();
    const device = await deviceOf(account.store);
    yield encodeRecord({ kind: "header", header: headerOf(made, device) });
    yield encodeRecord({ kind: "device", device });
    for (const table of LISTED_TABLES)
      if (table !== "syncVersion") yield* tableRecords(account, table, log, counts);
    for (let reading = 1; ; reading += 1) {
      yield* collectionRecords(account, log, counts, reading);
      await requireSameOwner(account, owner?.owner);
      if (log.takeCollections().size === 0) break;
    }
    // The end: what is committed from now on is not part of the backup.
    const last = log.take();
    stop();
    yield* last;
    yield encodeRecord({ kind: "totals", totals: counts.totals });
  } finally {
    stop();
  }
}

/** The rows of a table, and behind each page what was committed while it was read. */
async function* tableRecords(
  { store }: BackupSource,
  table: ListedTable,
  log: CommitLog,
  counts: TransferCounts,
): AsyncGenerator<Uint8Array, void, void> {
  let after: string | undefined;
  log.begin(table);
  do {
    yield* log.take();
    const { rows, next, unreadable } = await store.listRows(table, after, PAGE_ROWS);
    if (unreadable > 0) counts.addUnreadable(table, unreadable);
    for (const write of rows) {
      const record = { kind: "row", write } as const;
      counts.add(record);
      yield encodeRecord(record);
    }
    after = next;
  } while (after !== undefined);
  yield* log.take();
}

/**
 * The collections of app state, read until none of them changes during the reading. What an earlier reading
 * has written is taken back.
 */
async function* collectionRecords(
  account: BackupSource,
  log: CommitLog,
  counts: TransferCounts,
  first: number,
): AsyncGenerator<Uint8Array, void, void> {
  const written = log.collectionsWritten;
  for (let reading = first; ; reading += 1) {
    log.takeCollections();
    counts.forgetUnreadable("syncVersion");
    for (const name of written) {
      const record = { kind: "later", write: { kind: "syncVersion.delete", name } } as const;
      counts.add(record);
      yield encodeRecord(record);
    }
    written.clear();
    let after: string | undefined;
    do {
      const page = await account.store.listRows("syncVersion", after, PAGE_ROWS);
      if (page.unreadable > 0) counts.addUnreadable("syncVersion", page.unreadable);
      for (const write of page.rows) {
        if (write.kind === "syncVersion.patch") written.add(write.name);
        const record = { kind: "row", write } as const;
        counts.add(record);
        yield encodeRecord(record);
      }
      after = page.next;
    } while (after !== undefined);
    if (log.takeCollections().size === 0) return;
    if (reading >= MAX_READINGS)
      throw new BusyError("back up account: its app state changes whenever it is read, try again later");
  }
}

/** Another owner commits past this account, which learns of it only with its own next commit. */
async function requireSameOwner({ store }: BackupSource, before: string | undefined): Promise<void> {
  if ((await store.readOwner())?.owner === before) return;
  throw new FencedError("back up account: another owner has opened the account");
}
