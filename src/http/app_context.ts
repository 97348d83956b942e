import type { Host } from "../ports/mod.ts";
import type { AccountService } from "../service/mod.ts";

/** Maximum sizes of requests, in bytes. */
export interface AppLimits {
  /**
   * Body of a call of the commit protocol. Defaults to 32 MiB. It must be larger than `maxValueBytes` of the
   * backends, so that a commit of one value fits. A larger commit is answered with `too-large`, and a client
   * sends it in halves.
   */
  readonly callBytes: number;
  /** Every other body. Defaults to 256 KiB. */
  readonly jsonBytes: number;
}

/** What holds where `createApp` is given no other limits. */
export const DEFAULT_LIMITS: AppLimits = { callBytes: 32 * 1_024 * 1_024, jsonBytes: 256 * 1_024 };

/** What the routes share. */
export interface AppContext {
  readonly accounts: AccountService;
  readonly rootHash: Promise<Uint8Array> | undefined;
  readonly host: Host;
  readonly limits: AppLimits;
}
