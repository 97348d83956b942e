/**
 * Checks of a stored account: every row is decoded, and rows are compared with each other.
 *
 * @module
 */
export type { VerifiedReads } from "./context.ts";
export type { Finding, FindingCode, FindingPlace, FindingSeverity } from "./finding.ts";
export { rowKey } from "./row_key.ts";
export { type VerifyOptions, type VerifyReport, verifyAccount, verifyInTurns } from "./verify_account.ts";
