/**
 * Accounts that a service keeps for its clients: the accounts that are open, the registry of names and tokens, and statistics.
 *
 * @module
 */
export { accountOfSegment, isAccountName } from "./account_name.ts";
export type {
  AccountHandle,
  AccountService,
  AccountSnapshot,
  AccountStats,
  CacheSummary,
  FlushLatency,
  FlushSummary,
  OpenAccountStats,
  SaverSummary,
  SnapshotOptions,
} from "./account_service.ts";
export { type AccountHost, HostedAccount } from "./hosted_account.ts";
export { LocalAccounts, type LocalAccountsOptions } from "./local_accounts.ts";
export { isAdmin, mayUse, type Principal, principalOf, ROOT } from "./principal.ts";
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
export { type ProblemCode, RequestError } from "./request_error.ts";
export { type RegistryDatabase, type RegistryValue, SqlRegistry } from "./sql_registry.ts";
export { type FreshToken, hashToken, MIN_TOKEN_LENGTH, makeToken, tokenId } from "./token.ts";
