/**
 * Readers of other clients' states, which yield rows of an account, and writers of such states.
 *
 * @module
 */
export { exportBaileysFolder } from "./baileys/exports.ts";
export {
  importBaileysDump,
  importBaileysFolder,
  importBaileysKeys,
  importBaileysSqlite,
  importBaileysState,
} from "./baileys/imports.ts";
export type { KeyValueOptions } from "./baileys/key_value_state.ts";
export type { ListableAuthState } from "./baileys/live_state.ts";
export { diskFolder } from "./disk_folder.ts";
export type { ReadingOptions } from "./foreign_state.ts";
export type {
  FolderReader,
  FolderWriter,
  ForeignStatement,
  ForeignValue,
  KeyValueReader,
  SqlReader,
  SqlWriter,
} from "./ports.ts";
export type { ForeignReport, KindCounts, SkippedItems, SkipReason } from "./report.ts";
export type { ForeignImportOptions } from "./run_import.ts";
export { type ForeignFileOptions, type SqliteFile, sqliteFile } from "./sqlite_file.ts";
export {
  exportWhatsappRust,
  type WhatsappRustExportOptions,
} from "./whatsapp_rust/export_whatsapp_rust.ts";
export { importWhatsappRust } from "./whatsapp_rust/imports.ts";
export type { WhatsappRustOptions } from "./whatsapp_rust/read_whatsapp_rust.ts";
export { exportWhatsmeow } from "./whatsmeow/export_whatsmeow.ts";
export { importWhatsmeow } from "./whatsmeow/imports.ts";
export type { WhatsmeowOptions } from "./whatsmeow/read_whatsmeow.ts";
export { importZapo } from "./zapo/imports.ts";
export type { ZapoOptions } from "./zapo/read_zapo.ts";
