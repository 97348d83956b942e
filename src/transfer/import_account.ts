import { adoptBackend, type Backend, type Write } from "../backend/mod.ts";
import { RefusedError, requireObject } from "../errors/mod.ts";
import { type ImportOptions, type ImportReport, importRows } from "./import_rows.ts";
import type { TransferHeader, TransferRecord, TransferTotals } from "./records.ts";
import { requireAsyncIterable } from "./require_parts.ts";
import { TransferFileError } from "./transfer_error.ts";
import { type ReadTransferOptions, readTransferFile } from "./transfer_file.ts";

/** Options of `importAccount`. */
export interface ImportAccountOptions extends ImportOptions, ReadTransferOptions {
  /**
   * The account of which the file was made was closed before, and is never opened again: its chains go on
   * where they were. Only of a file of `exportAccount`. If it is not so, message keys are used twice. Without
   * it every chain is given up.
   */
  readonly originalIsStopped?: boolean | undefined;
}

/** What an import of a file has stored, and what the file says of itself. */
export interface ImportAccountReport extends ImportReport {
  /** What the file says of itself at its beginning. */
  readonly header: TransferHeader;
  /** What the file says at its end. */
  readonly totals: TransferTotals;
}

/**
 * Stores the account of a transfer file, as `importRows` does: it cannot be opened before the file was read
 * to its end and found whole.
 *
 * @throws {TransferFileError | PassphraseError | IncompatibleError} When the file cannot be used.
 * @throws {RefusedError} When there is an account, or `originalIsStopped` is said of a backup.
 * @throws As `importRows`.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 * import { exportAccount, importAccount } from "@holdfast/store/transfer";
 *
 * const database = new MemoryDatabase();
 * await (await openAccount({ backend: memoryBackend({ database }) })).close();
 * const file = exportAccount(memoryBackend({ database }));
 * const { changes } = await importAccount(memoryBackend(), file, { mode: "new" });
 * if (changes.length > 0) throw new Error("a new account has no sessions");
 * ```
 */
export async function importAccount(
  backend: Backend,
  stream: AsyncIterable<Uint8Array>,
  options: ImportAccountOptions,
): Promise<ImportAccountReport> {
  adoptBackend("import account", backend);
  requireAsyncIterable("import account: the stream", stream);
  requireObject("options", options);
  const { originalIsStopped = false, passphrase, ...rest } = options;
  let header: TransferHeader | undefined;
  let totals: TransferTotals | undefined;
  async function* writes(): AsyncGenerator<Write, void, void> {
    for await (const record of readTransferFile(stream, { passphrase })) {
      if (record.kind === "header") {
        header = record.header;
        if (originalIsStopped && header.kind === "backup") {
          throw new RefusedError(
            "import account: the file is a backup, its original went on, import it without originalIsStopped",
          );
        }
      } else if (record.kind === "totals") totals = record.totals;
      else yield writeOf(record);
    }
  }
  const chain = originalIsStopped ? "originalIsStopped" : "burn";
  const report = await importRows(backend, writes(), { ...rest, chain });
  if (header === undefined || totals === undefined)
    throw new TransferFileError("malformed", "it has no header or no end");
  return { ...report, header, totals };
}

function writeOf(record: Exclude<TransferRecord, { readonly kind: "header" | "totals" }>): Write {
  return record.kind === "device" ? { kind: "device.save", device: record.device } : record.write;
}
