import { optional } from "../rules/mod.ts";
import { DEVICE } from "./device_fields.ts";
import type { DeviceWrite } from "./device_store.ts";
import { CUTOFF, number, SECONDS } from "./field_rules.ts";
import { ASIDE_ID, ASIDE_SCOPE, SET_ASIDE_SINCE } from "./set_aside.ts";
import { OWNER } from "./validate_guard.ts";
import type { KeysOf, WriteRowsOf } from "./write_row.ts";

/** The writes of the device store. */
export const DEVICE_WRITES: WriteRowsOf<DeviceWrite["kind"]> = {
  "device.save": { by: "save", fields: { device: DEVICE } },
  "account.clear": { by: "clearAccount", fields: {} },
  "account.delete": {
    by: "deleteAccount",
    fields: { accountId: number("accountId", { min: 1 }) },
  },
  "account.setAside": {
    by: "setAside",
    since: SET_ASIDE_SINCE,
    fields: { id: ASIDE_ID, until: SECONDS, keeps: ASIDE_SCOPE, heldBy: optional(OWNER) },
  },
  "account.bringBack": { by: "bringBack", since: SET_ASIDE_SINCE, fields: { id: ASIDE_ID } },
  "account.expireSetAside": {
    by: "deleteExpiredSetAside",
    since: SET_ASIDE_SINCE,
    fields: { cutoff: CUTOFF },
  },
};

/** The fields that name a row of each table. */
export const DEVICE_KEYS: KeysOf<DeviceWrite["kind"]> = {
  account: [],
  device: [],
};
