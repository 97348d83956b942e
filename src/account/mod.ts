/**
 * Opens everything for one account and closes it again.
 *
 * @module
 */
export { Account, type CommitFollower } from "./account.ts";
export { type HousekeepingPolicy, startHousekeeping } from "./housekeeping.ts";
export { type OpenAccountOptions, openAccount, openAccountOver } from "./open_account.ts";
