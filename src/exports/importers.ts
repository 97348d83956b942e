/**
 * Moving in from other clients, and out to them.
 *
 * An importer reads the state of another client through a small port, says what it found, converted and left
 * out, and stores it as an account. An exporter writes an account as the state of another client. The
 * credentials, sessions and keys stay the same, so the device is not linked again.
 *
 * @module
 */
export {
  diskFolder,
  exportBaileysFolder,
  exportWhatsappRust,
  exportWhatsmeow,
  type FolderReader,
  type FolderWriter,
  type ForeignFileOptions,
  type ForeignImportOptions,
  type ForeignReport,
  type ForeignStatement,
  type ForeignValue,
  importBaileysDump,
  importBaileysFolder,
  importBaileysKeys,
  importBaileysSqlite,
  importBaileysState,
  importWhatsappRust,
  importWhatsmeow,
  importZapo,
  type KeyValueOptions,
  type KeyValueReader,
  type KindCounts,
  type ListableAuthState,
  type ReadingOptions,
  type SkippedItems,
  type SkipReason,
  type SqliteFile,
  type SqlReader,
  type SqlWriter,
  sqliteFile,
  type WhatsappRustExportOptions,
  type WhatsappRustOptions,
  type WhatsmeowOptions,
  type ZapoOptions,
} from "../importers/mod.ts";
