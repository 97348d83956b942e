import type { AppSyncWrite } from "./app_sync_store.ts";
import type { DeviceWrite } from "./device_store.ts";
import type { ProtocolWrite } from "./protocol_store.ts";
import type { SignalWrite } from "./signal_store.ts";

/**
 * Every mutation of a backend, as data. Each is idempotent: applying it twice in a row has the same effect as
 * applying it once. (An expiry with a `limit` on the removed rows removes more the next time. The order of
 * removal is not specified.) Times named `…At`, `cutoff` and `…Timestamp` are Unix seconds.
 */
export type Write = SignalWrite | AppSyncWrite | ProtocolWrite | DeviceWrite;

/** The name of a mutation. */
export type WriteKind = Write["kind"];

/** The mutation with one name. */
export type WriteOf<K extends WriteKind> = Extract<Write, { readonly kind: K }>;

/** A table of an account: the common prefix of its kinds of writes. */
export type TableName = WriteKind extends infer Kind
  ? Kind extends `${infer Table}.${string}`
    ? Table
    : never
  : never;
