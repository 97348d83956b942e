/**
 * The HTTP service: accounts, their devices and numbers, and the commit protocol that lets a client anywhere keep its state here.
 * `createApp` makes it; a host serves it and says where accounts are.
 *
 * @module
 */

export { accountOfSegment } from "./account_name.ts";
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
export { bodyOf } from "./answer_body.ts";
export type { AppLimits } from "./app_context.ts";
export type { AppEnv, AppVariables } from "./app_env.ts";
export type {
  AccountCreated,
  AccountList,
  AppSchema,
  AppType,
  CommandRequest,
  Health,
  PageQuery,
  TokenIssued,
  TokenList,
  TokenRequest,
  TokenSummary,
} from "./app_schema.ts";
export { type AppOptions, createApp } from "./create_app.ts";
export { type AccountHost, HostedAccount } from "./hosted_account.ts";
export { LocalAccounts, type LocalAccountsOptions } from "./local_accounts.ts";
export type { Principal } from "./principal.ts";
export {
  faultOf,
  type Problem,
  type ProblemCode,
  problemOf,
  problemResponse,
  RequestError,
  requestErrorOf,
} from "./problem.ts";
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
export { type RegistryDatabase, type RegistryValue, SqlRegistry } from "./sql_registry.ts";
export { type FreshToken, hashToken, makeToken } from "./token.ts";
