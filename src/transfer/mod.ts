/**
 * Accounts that leave and come: the transfer file, export, backup, import and move.
 *
 * @module
 */
export type { BackupSource, SnapshotBackup } from "../device/mod.ts";
export { type BackupReport, backupAccount, type TransferSink } from "./backup_account.ts";
export { type ExportOptions, type ExportReads, exportAccount, exportAsBackup } from "./export_account.ts";
export {
  type ImportAccountOptions,
  type ImportAccountReport,
  importAccount,
} from "./import_account.ts";
export {
  type ImportChange,
  type ImportedChains,
  type ImportOptions,
  type ImportReport,
  type ImportRowsOptions,
  importRows,
} from "./import_rows.ts";
export {
  type AbortMoveOptions,
  type AccountMoveOptions,
  type AccountMoveReport,
  abortMove,
  moveAccount,
  resumeMove,
} from "./move_account.ts";
export type { TransferHeader, TransferKind, TransferRecord, TransferTotals } from "./records.ts";
export {
  listRetired,
  purgeRetired,
  type RetiredAccount,
  type RetireOptions,
  retireAccount,
  undoRetirement,
} from "./retire.ts";
export { type ScheduledBackupsOptions, scheduleBackups } from "./scheduled_backups.ts";
export { type SnapshotFolderOptions, snapshotFolder } from "./snapshot_folder.ts";
export { PassphraseError, TransferFileError, type TransferFileFault } from "./transfer_error.ts";
export { type ReadTransferOptions, readTransferFile } from "./transfer_file.ts";
