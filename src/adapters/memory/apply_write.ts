import type { Write, WriteKind } from "../../backend/mod.ts";
import { APP_SYNC_APPLIERS } from "./app_sync_store.ts";
import type { AppliersOf, ApplyContext } from "./applier.ts";
import { DEVICE_APPLIERS } from "./device_store.ts";
import { MESSAGE_APPLIERS } from "./message_store.ts";
import { PROTOCOL_APPLIERS } from "./protocol_store.ts";
import { SEGMENT_APPLIERS } from "./segment_store.ts";
import { SIGNAL_APPLIERS } from "./signal_store.ts";

/** One entry for each kind of write. A new kind does not compile without one. */
const APPLIERS: AppliersOf<WriteKind> = {
  ...SIGNAL_APPLIERS,
  ...APP_SYNC_APPLIERS,
  ...PROTOCOL_APPLIERS,
  ...MESSAGE_APPLIERS,
  ...SEGMENT_APPLIERS,
  ...DEVICE_APPLIERS,
};

/** Applies one write and returns the number of changed rows. */
export function applyWrite(write: Write, context: ApplyContext): number {
  const apply = APPLIERS[write.kind] as (write: Write, context: ApplyContext) => number;
  return apply(write, context);
}
