import { userOfAddress, userOfSenderKeyName } from "../../addresses/mod.ts";
import type { Lease } from "../../backend/mod.ts";
import { RowRemoval } from "./row_removal.ts";
import { splitKeys, upsert } from "./row_statement.ts";
import type { SqlValue } from "./sql_driver.ts";
import type { PlannersOf } from "./write_plan.ts";

/** All rows of a flush were written by one incarnation of the cache. */
const INCARNATION_COLUMN = 3;

/** Most rows have no burned keys, which only a crash leaves. */
const BURNED_COLUMN = 4;

/** For rows without a lease. Three parameters less per row save an eighth of a flush. */
const WITHOUT_LEASE = "reserved_until = NULL, incarnation = NULL, burned = NULL, ";

const PUT_IDENTITY = upsert("identity", "user, address", "key");

const LEASED_RECORD = "reserved_until, incarnation, burned, record";

const SHARES = { shared: INCARNATION_COLUMN, oftenShared: BURNED_COLUMN };

const PUT_SESSION = upsert("session", "user, address", LEASED_RECORD, SHARES);

const PUT_BARE_SESSION = upsert("session", "user, address", "record", {}, WITHOUT_LEASE);

const PUT_PRE_KEY = upsert("pre_key", "id", "uploaded, record");

const PUT_SIGNED_PRE_KEY = upsert("signed_pre_key", "id", "record");

const PUT_SENDER_KEY = upsert("sender_key", "user, name", LEASED_RECORD, SHARES);

const PUT_BARE_SENDER_KEY = upsert("sender_key", "user, name", "record", {}, WITHOUT_LEASE);

const PUT_QUARANTINE = upsert("quarantine", "store, address", "reason, record");

const REMOVE_IDENTITY = new RowRemoval("identity", "user, address");
const REMOVE_SESSION = new RowRemoval("session", "user, address");
const REMOVE_PRE_KEY = new RowRemoval("pre_key", "id");
const REMOVE_SIGNED_PRE_KEY = new RowRemoval("signed_pre_key", "id");
const REMOVE_SENDER_KEY = new RowRemoval("sender_key", "user, name");

/** How writes of the Signal store become statements. */
export const SIGNAL_PLANNERS: PlannersOf<
  | "identity.put"
  | "identity.delete"
  | "session.put"
  | "session.delete"
  | "preKey.put"
  | "preKey.markUploaded"
  | "preKey.remove"
  | "signedPreKey.put"
  | "signedPreKey.remove"
  | "senderKey.put"
  | "senderKey.delete"
  | "quarantine.put"
> = {
  "identity.put": {
    statement: PUT_IDENTITY,
    rows: ({ address, key }) => [[userOfAddress(address), address, key]],
  },
  "identity.delete": {
    removal: REMOVE_IDENTITY,
    key: ({ address }) => [userOfAddress(address), address],
  },
  "session.put": {
    statement: ({ lease }) => (lease === undefined ? PUT_BARE_SESSION : PUT_SESSION),
    rows: ({ address, record, lease }) => [[userOfAddress(address), address, ...leaseCells(lease), record]],
  },
  "session.delete": {
    removal: REMOVE_SESSION,
    key: ({ address }) => [userOfAddress(address), address],
  },
  "preKey.put": {
    statement: PUT_PRE_KEY,
    rows: ({ id, record, uploaded }) => [[id, uploaded ? 1 : 0, record]],
  },
  "preKey.markUploaded": {
    statements: ({ ids }, { accountId, limits }) =>
      splitKeys(
        [...new Set(ids)].map((id) => [id]),
        { fixed: [accountId], limits },
        (list) => `UPDATE pre_key SET uploaded = 1 WHERE device_id = ? AND id IN ${list}`,
      ),
  },
  "preKey.remove": {
    removal: REMOVE_PRE_KEY,
    key: ({ id }) => [id],
  },
  "signedPreKey.put": {
    statement: PUT_SIGNED_PRE_KEY,
    rows: ({ id, record }) => [[id, record]],
  },
  "signedPreKey.remove": {
    removal: REMOVE_SIGNED_PRE_KEY,
    key: ({ id }) => [id],
  },
  "senderKey.put": {
    statement: ({ lease }) => (lease === undefined ? PUT_BARE_SENDER_KEY : PUT_SENDER_KEY),
    rows: ({ name, record, lease }) => [[userOfSenderKeyName(name), name, ...leaseCells(lease), record]],
  },
  "senderKey.delete": {
    removal: REMOVE_SENDER_KEY,
    key: ({ name }) => [userOfSenderKeyName(name), name],
  },
  "quarantine.put": {
    statement: PUT_QUARANTINE,
    rows: ({ store, address, reason, record }) => [[store, address, reason, record]],
  },
};

function leaseCells(lease: Lease | undefined): SqlValue[] {
  return lease === undefined ? [] : [lease.reservedUntil, lease.incarnation, lease.burned];
}
