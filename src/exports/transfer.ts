/**
 * Accounts that leave and come: one file of everything of an account (`exportAccount`, `backupAccount`,
 * `importAccount`), and moves from one backend to another (`moveAccount`).
 *
 * A file has every key of the account. Without a passphrase it has them in the clear. It is a copy: an
 * import of it gives up every chain, so that no key is used twice when the original goes on.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { MemoryDatabase, memoryBackend } from "@holdfast/store/memory";
 * import { backupAccount, importAccount } from "@holdfast/store/transfer";
 *
 * const passphrase = "correct horse battery";
 * const pieces: Uint8Array[] = [];
 * await using account = await openAccount({ backend: memoryBackend() });
 * await backupAccount(account, { write: (piece) => pieces.push(piece) }, { passphrase });
 *
 * async function* file() {
 *   yield* pieces;
 * }
 * const database = new MemoryDatabase();
 * await importAccount(memoryBackend({ database }), file(), { mode: "new", passphrase });
 * await using copy = await openAccount({ backend: memoryBackend({ database }) });
 * if (copy.device.isRegistered !== account.device.isRegistered) throw new Error("it is another device");
 * ```
 *
 * @module
 */
export {
  type AbortMoveOptions,
  type AccountMoveOptions,
  type AccountMoveReport,
  abortMove,
  type BackupReport,
  type BackupSource,
  backupAccount,
  type ExportOptions,
  type ExportReads,
  exportAccount,
  type ImportAccountOptions,
  type ImportAccountReport,
  type ImportChange,
  type ImportedChains,
  type ImportOptions,
  type ImportReport,
  type ImportRowsOptions,
  importAccount,
  importRows,
  listRetired,
  moveAccount,
  PassphraseError,
  purgeRetired,
  type ReadTransferOptions,
  type RetiredAccount,
  type RetireOptions,
  readTransferFile,
  resumeMove,
  retireAccount,
  type ScheduledBackupsOptions,
  type SnapshotBackup,
  type SnapshotFolderOptions,
  scheduleBackups,
  snapshotFolder,
  TransferFileError,
  type TransferFileFault,
  type TransferHeader,
  type TransferKind,
  type TransferRecord,
  type TransferSink,
  type TransferTotals,
  undoRetirement,
} from "../transfer/mod.ts";
export {
  type Finding,
  type FindingCode,
  type FindingPlace,
  type FindingSeverity,
  type VerifiedReads,
  type VerifyOptions,
  type VerifyReport,
  verifyAccount,
} from "../verify/mod.ts";
