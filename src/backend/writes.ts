import { APP_SYNC_SETTERS, APP_SYNC_WRITES } from "./app_sync_writes.ts";
import { DEVICE_SETTERS, DEVICE_WRITES } from "./device_writes.ts";
import { PROTOCOL_SETTERS, PROTOCOL_WRITES } from "./protocol_writes.ts";
import type { StoreName } from "./reads.ts";
import type { SetterName, SettersOf } from "./setter.ts";
import { SIGNAL_SETTERS, SIGNAL_WRITES } from "./signal_writes.ts";
import type { WriteKind } from "./write.ts";
import type { WriteRowsOf } from "./write_row.ts";

/**
 * Every kind of write. Checks, limits, the protocol, the transform of stored values, composed backends and
 * the samples of the conformance kit derive from these rows.
 */
export const WRITES: WriteRowsOf<WriteKind> = {
  ...SIGNAL_WRITES,
  ...APP_SYNC_WRITES,
  ...PROTOCOL_WRITES,
  ...DEVICE_WRITES,
};

/** Every setter that makes one write. */
export const SETTERS: SettersOf<Exclude<SetterName, "storePreKeys" | "takeSentMessage">> = {
  ...SIGNAL_SETTERS,
  ...APP_SYNC_SETTERS,
  ...PROTOCOL_SETTERS,
  ...DEVICE_SETTERS,
};

/** The store that applies a kind of write. */
export function storeOfKind(kind: WriteKind): StoreName {
  if (Object.hasOwn(PROTOCOL_WRITES, kind)) return "protocol";
  if (Object.hasOwn(APP_SYNC_WRITES, kind)) return "appSync";
  return Object.hasOwn(DEVICE_WRITES, kind) ? "device" : "signal";
}

/** The names of all kinds. */
export const WRITE_KINDS = Object.keys(WRITES) as readonly WriteKind[];
