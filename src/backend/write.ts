import type { AppSyncWrite } from "./app_sync_store.ts";
import type { DeviceWrite } from "./device_store.ts";
import type { ProtocolWrite } from "./protocol_store.ts";
import type { SignalWrite } from "./signal_store.ts";

/**
 * Every mutation that a backend can be asked for, as data. Each is idempotent: applying it twice in a row
 * leaves what applying it once leaves. (An expiry with a `limit`, the most rows that it takes, takes more the
 * next time; which rows it takes first is not specified.) Times named `…At`, `cutoff` and `…Timestamp` are
 * Unix seconds.
 */
export type Write = SignalWrite | AppSyncWrite | ProtocolWrite | DeviceWrite;

/** The name of a mutation. */
export type WriteKind = Write["kind"];

/** The mutation with one name. */
export type WriteOf<K extends WriteKind> = Extract<Write, { readonly kind: K }>;
