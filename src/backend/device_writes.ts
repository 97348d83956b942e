import { DEVICE } from "./device_fields.ts";
import type { DeviceStore, DeviceWrite } from "./device_store.ts";
import { number } from "./field_rules.ts";
import { type SetterName, type SettersOf, setter } from "./setter.ts";
import type { KeysOf, WriteRowsOf } from "./write_row.ts";

/** The writes of the device store. */
export const DEVICE_WRITES: WriteRowsOf<DeviceWrite["kind"]> = {
  "device.save": { by: "save", fields: { device: DEVICE } },
  "account.clear": { by: "clearAccount", fields: {} },
  "account.delete": {
    by: "deleteAccount",
    fields: { accountId: number("accountId", { min: 1 }) },
  },
};

/** The fields that name a row of each table. */
export const DEVICE_KEYS: KeysOf<DeviceWrite["kind"]> = {
  account: [],
  device: [],
};

/** The setters of the device store. */
export const DEVICE_SETTERS: SettersOf<SetterName & keyof DeviceStore> = {
  save: setter("device.save", "device"),
  clearAccount: setter("account.clear"),
  deleteAccount: setter("account.delete", "accountId"),
};
