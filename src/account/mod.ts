/**
 * Opens everything for one account and closes it again.
 *
 * @module
 */
export { Account, type CommitFollower } from "./account.ts";
export { type AccountStatistics, accountStatistics } from "./account_statistics.ts";
export {
  HOUSEKEEPING_DEFAULTS,
  type HousekeepingKind,
  type HousekeepingPolicy,
  startHousekeeping,
} from "./housekeeping.ts";
export { type OpenAccountOptions, openAccount, openAccountOver, openCaches } from "./open_account.ts";
