/**
 * The server of the console: the pages, the API that they ask, and the actions. Independent of the host.
 *
 * @module
 */
export { AccountActions } from "./account_actions.ts";
export { AccountWatch } from "./account_watch.ts";
export { ConsoleApi } from "./console_api.ts";
export type { ConsoleSource } from "./console_source.ts";
export type { KeptBackup, KeptBackups } from "./kept_backups.ts";
export type {
  AccountDetail,
  AccountPage,
  AccountRow,
  ConsoleInfo,
  OpenState,
} from "./model.ts";
export { ServiceSource } from "./service_source.ts";
export { type PageFiles, StaticFiles } from "./static_files.ts";
export type { LookedDatabase } from "./stored_accounts.ts";
export { StoredSource } from "./stored_source.ts";
export { verifyStored } from "./verify_stored.ts";
