import type { Host } from "../ports/mod.ts";
import { MAX_CALL_BYTES } from "../protocol/mod.ts";
import type { AccountService, Admission } from "../service/mod.ts";

/** Maximum sizes of requests, in bytes. */
export interface AppLimits {
  /**
   * Body of a call of the commit protocol. Defaults to 16 MiB, and more is not accepted. Clients read it in
   * `capabilities.maxCommitBytes` and plan their commits within it; their values are at most half as large.
   */
  readonly callBytes: number;
  /** Every other body. Defaults to 256 KiB. */
  readonly jsonBytes: number;
}

/** What holds where `createApp` is given no other limits. */
export const DEFAULT_LIMITS: AppLimits = { callBytes: MAX_CALL_BYTES, jsonBytes: 256 * 1_024 };

/** What the routes share. */
export interface AppContext {
  readonly accounts: AccountService;
  readonly rootHash: Promise<Uint8Array> | undefined;
  readonly host: Host;
  readonly limits: AppLimits;
  /** Limits of accounts that have none of their own. */
  readonly accountLimits: Admission["limits"];
}
