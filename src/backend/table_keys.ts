import { APP_SYNC_KEYS } from "./app_sync_writes.ts";
import { DEVICE_KEYS } from "./device_writes.ts";
import { PROTOCOL_KEYS } from "./protocol_writes.ts";
import { SIGNAL_KEYS } from "./signal_writes.ts";
import type { WriteKind } from "./write.ts";
import type { KeysOf } from "./write_row.ts";

/** The fields that name a row of each table. */
export const TABLE_KEYS: KeysOf<WriteKind> = {
  ...SIGNAL_KEYS,
  ...APP_SYNC_KEYS,
  ...PROTOCOL_KEYS,
  ...DEVICE_KEYS,
};
