import { APP_SYNC_WRITES } from "./app_sync_writes.ts";
import { DEVICE_WRITES } from "./device_writes.ts";
import { NOW } from "./field_rules.ts";
import { PROTOCOL_WRITES } from "./protocol_writes.ts";
import type { Setter, SetterName, SettersOf } from "./setter.ts";
import { SIGNAL_WRITES } from "./signal_writes.ts";
import type { WriteKind } from "./write.ts";
import type { StoreName, WriteRowsOf } from "./write_row.ts";

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

/** The names of all kinds. */
export const WRITE_KINDS = Object.keys(WRITES) as readonly WriteKind[];

/** Setters of one item where the row of the write names that of many. */
const SINGLE: Readonly<Record<string, WriteKind>> = {
  putLidMapping: "lidMapping.put",
  updateDeviceList: "deviceList.put",
};

/**
 * Every setter that makes one write: its arguments are the fields of the write in their order, without the
 * one that is stamped. The test of this file has the rows, whose types are those of the stores.
 */
export const SETTERS: SettersOf<Exclude<SetterName, "storePreKeys" | "takeSentMessage">> = Object.fromEntries(
  [
    ...WRITE_KINDS.filter((kind) => kind !== "sentMessage.delete").map((kind) => [
      WRITES[kind].by,
      setterOf(kind, false),
    ]),
    ...Object.entries(SINGLE).map(([name, kind]) => [name, setterOf(kind, true)]),
  ],
);

function setterOf(kind: WriteKind, single: boolean): Setter {
  const { fields } = WRITES[kind];
  const names = Object.keys(fields);
  const stamp = names.find((name) => (fields as Readonly<Record<string, unknown>>)[name] === NOW);
  return {
    ...{ kind, single, stamp },
    fields: names.filter((name) => name !== stamp),
    counts: /expire|sweep/.test(kind),
  };
}

/** The store that applies a kind of write. */
export function storeOfKind(kind: WriteKind): StoreName {
  if (Object.hasOwn(PROTOCOL_WRITES, kind)) return "protocol";
  if (Object.hasOwn(APP_SYNC_WRITES, kind)) return "appSync";
  return Object.hasOwn(DEVICE_WRITES, kind) ? "device" : "signal";
}
