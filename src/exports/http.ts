/**
 * The HTTP service: accounts, their devices and statistics, and the commit protocol that
 * `@holdfast/store/remote` speaks. `createApp` creates it over an `AccountService`: `LocalAccounts` in a
 * process, or `objectAccounts` of `@holdfast/store/worker`. `AppType` is its type for `hono/client`.
 *
 * @module
 */

export {
  type AppEnv,
  type AppLimits,
  type AppOptions,
  type AppType,
  type AppVariables,
  createApp,
  type Problem,
  type ProblemCode,
  type RequestErrorCode,
} from "../http/mod.ts";
export type { CallAnswer, CallScope } from "../protocol/mod.ts";
export {
  type AccountHandle,
  type AccountService,
  type AccountSnapshot,
  type AccountState,
  type AccountStats,
  type Admission,
  type BackupStats,
  type CacheSummary,
  type FlushLatency,
  type FlushSummary,
  type FreshToken,
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
