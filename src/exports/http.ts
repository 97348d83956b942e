/**
 * The HTTP service: accounts, their devices and statistics, and the commit protocol that
 * `@holdfast/store/remote` speaks. `createApp` creates it over an `AccountService`: `LocalAccounts` in a
 * process, or `objectAccounts` of `@holdfast/store/worker`.
 *
 * @module
 */

export {
  type AccountCreated,
  type AccountList,
  type AppEnv,
  type AppLimits,
  type AppOptions,
  type AppSchema,
  type AppType,
  type AppVariables,
  type CommandRequest,
  createApp,
  type Health,
  type PageQuery,
  type Problem,
  type ProblemCode,
  type TokenIssued,
  type TokenList,
  type TokenRequest,
  type TokenSummary,
} from "../http/mod.ts";
export {
  type AccountHandle,
  type AccountHost,
  type AccountService,
  type AccountSnapshot,
  type AccountState,
  type AccountStats,
  type Admission,
  type CacheSummary,
  type FlushLatency,
  type FlushSummary,
  type FreshToken,
  HostedAccount,
  hashToken,
  LocalAccounts,
  type LocalAccountsOptions,
  makeToken,
  type OpenAccountStats,
  type Page,
  PERMISSIONS,
  type Permission,
  type Principal,
  type RegisteredAccount,
  type Registry,
  type RegistryDatabase,
  type RegistryValue,
  type SaverSummary,
  ServiceError,
  type ServiceErrorCode,
  type SnapshotOptions,
  SqlRegistry,
  type StoredToken,
} from "../service/mod.ts";
