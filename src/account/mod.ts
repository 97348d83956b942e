/**
 * Opens everything for one account and closes it again.
 *
 * @module
 */
export { Account, type AccountParts, type CommitFollower } from "./account.ts";
export { type HousekeepingParts, type HousekeepingPolicy, startHousekeeping } from "./housekeeping.ts";
export { type OpenAccountOptions, openAccount } from "./open_account.ts";
