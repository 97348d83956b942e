/**
 * Accounts that a service keeps for its clients: the operations on an account, the registry of names and
 * tokens, authentication, and statistics. Independent of HTTP and of the host.
 *
 * @module
 */
export type { AccountHandle, AccountService, AccountSnapshot, SnapshotOptions } from "./account_handle.ts";
export { isAccountName } from "./account_name.ts";
export {
  ACCOUNT_OPERATIONS,
  type AccountOperation,
  forwardOperations,
  OPERATION_NAMES,
  type OperationAnswers,
  type OperationInputs,
  type OperationRow,
  operationRow,
  runOperation,
} from "./account_operations.ts";
export type {
  AccountStats,
  BackupStats,
  CacheSummary,
  FlushLatency,
  FlushSummary,
  OpenAccountStats,
  SaverSummary,
} from "./account_stats.ts";
export { authenticate } from "./authenticate.ts";
export type { BackupKey, BackupStore, WriteBytes } from "./backup_store.ts";
export { deleteAccount } from "./delete_account.ts";
export { findAccounts } from "./find_accounts.ts";
export { HostedAccount } from "./hosted_account.ts";
export { LocalAccounts, type LocalAccountsOptions } from "./local_accounts.ts";
export { OpenOnce } from "./open_once.ts";
export { isAdmin, mayUse, type Principal } from "./principal.ts";
export {
  type AccountState,
  type Admission,
  type Page,
  PERMISSIONS,
  type Permission,
  type RegisteredAccount,
  type Registry,
  type StoredToken,
} from "./registry.ts";
export type { RegistryDatabase, RegistryValue } from "./registry_database.ts";
export { RequestMeter } from "./request_meter.ts";
export { ScheduledBackups } from "./scheduled_backups.ts";
export { ServiceError, type ServiceErrorCode } from "./service_error.ts";
export { SqlRegistry } from "./sql_registry.ts";
export { type FreshToken, hashToken, MIN_TOKEN_LENGTH, makeToken } from "./token.ts";
