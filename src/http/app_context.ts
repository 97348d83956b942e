import type { Host } from "../ports/mod.ts";
import type { AccountService } from "../service/mod.ts";

/** Maximum sizes of requests, in bytes. */
export interface AppLimits {
  /**
   * Body of a call of the commit protocol, which must have room for the largest value. Defaults to 32 MiB.
   */
  readonly callBytes: number;
  /** Every other body. Defaults to 256 KiB. */
  readonly jsonBytes: number;
}

/** What the routes share. */
export interface AppContext {
  readonly accounts: AccountService;
  readonly rootHash: Promise<Uint8Array> | undefined;
  readonly host: Host;
  readonly limits: AppLimits;
}
