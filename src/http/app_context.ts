import type { Host } from "../ports/mod.ts";
import type { AccountService } from "../service/mod.ts";

/** Sizes beyond which a request is refused, in bytes. */
export interface AppLimits {
  /** A call of the commit protocol: its largest value and some more. 32 MiB. */
  readonly callBytes: number;
  /** Any other body. 256 KiB. */
  readonly jsonBytes: number;
}

/** What the routes work with. */
export interface AppContext {
  readonly accounts: AccountService;
  readonly rootHash: Promise<Uint8Array> | undefined;
  readonly host: Host;
  readonly limits: AppLimits;
}
