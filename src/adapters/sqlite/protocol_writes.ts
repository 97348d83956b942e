import { encodeDevices } from "../../records/mod.ts";
import { expiryOf, expiryPlanner, TC_TOKEN_TIME } from "./expiry.ts";
import { RowRemoval } from "./row_removal.ts";
import { RowStatement, replaced, splitKeys, upsert } from "./row_statement.ts";
import type { PlannersOf } from "./write_plan.ts";

const PUT_SENDER_KEY_DEVICE = upsert("sender_key_device", "group_jid, device_jid", "has_key");

/**
 * Walks from one group to the next by the key: a device's marks are then found by one look for each group,
 * where a scan reads the marks of all devices, and an index would cost an entry for each mark.
 */
const GROUPS_OF_ACCOUNT =
  "WITH RECURSIVE groups (jid) AS ( " +
  "SELECT min(group_jid) FROM sender_key_device WHERE device_id = ?1 " +
  "UNION ALL " +
  "SELECT (SELECT min(group_jid) FROM sender_key_device WHERE device_id = ?1 AND group_jid > groups.jid) " +
  "FROM groups WHERE groups.jid IS NOT NULL)";

/**
 * REPLACE gives the row a new `seq`, the greatest, so of rows with the same `created_at` the later write
 * wins.
 */
const PUT_LID_MAPPING = new RowStatement({
  insert:
    "INSERT OR REPLACE INTO lid_mapping " +
    "(device_id, lid, phone_number, created_at, updated_at, learning_source)",
  columns: 5,
  conflict: "",
});

const PUT_BASE_KEY = upsert("base_key", "address, message_id", "created_at, key");

const PUT_DEVICE_LIST = upsert("device_list", "user", "timestamp, phash, raw_id, devices");

const PUT_GROUP_METADATA = upsert("group_metadata", "group_jid", "blob");

const PUT_TC_TOKEN = upsert("tc_token", "jid", "token_timestamp, sender_timestamp, token");

/** A newer token stays. The sender time is never changed. */
const RECEIVE_TC_TOKEN =
  "INSERT INTO tc_token (device_id, jid, token_timestamp, token) VALUES (?,?,?,?) " +
  `ON CONFLICT (device_id, jid) DO UPDATE SET ${replaced("token_timestamp, token")} ` +
  "WHERE excluded.token_timestamp >= tc_token.token_timestamp";

/** The sender time only moves forward. Without a token it is stored in a row with an empty one. */
const TOUCH_TC_TOKEN =
  "INSERT INTO tc_token (device_id, jid, token_timestamp, sender_timestamp, token) " +
  "VALUES (?, ?, 0, ?, x'') " +
  "ON CONFLICT (device_id, jid) DO UPDATE SET sender_timestamp = excluded.sender_timestamp " +
  "WHERE tc_token.sender_timestamp IS NULL OR excluded.sender_timestamp > tc_token.sender_timestamp";

/** Both times must be expired. A missing one counts as expired. */
const STALE_TC_TOKEN =
  "token_timestamp <= ? AND (sender_timestamp IS NULL OR sender_timestamp <= ?) " +
  `AND ${TC_TOKEN_TIME} <= ?`;

const REMOVE_BASE_KEY = new RowRemoval("base_key", "address, message_id");
const REMOVE_DEVICE_LIST = new RowRemoval("device_list", "user");
const REMOVE_GROUP_METADATA = new RowRemoval("group_metadata", "group_jid");
const REMOVE_TC_TOKEN = new RowRemoval("tc_token", "jid");

/** How writes of the protocol store become statements, those about messages apart. */
export const PROTOCOL_PLANNERS: PlannersOf<
  | "senderKeyDevices.set"
  | "senderKeyDevices.clear"
  | "senderKeyDevices.deleteRows"
  | "senderKeyDevices.clearAll"
  | "lidMapping.put"
  | "lidMapping.delete"
  | "baseKey.put"
  | "baseKey.delete"
  | "baseKey.expire"
  | "deviceList.put"
  | "deviceList.delete"
  | "groupMetadata.put"
  | "groupMetadata.delete"
  | "tcToken.put"
  | "tcToken.receive"
  | "tcToken.touchSender"
  | "tcToken.delete"
  | "tcToken.expire"
> = {
  "senderKeyDevices.set": {
    statement: PUT_SENDER_KEY_DEVICE,
    rows: ({ group, entries }) => entries.map(([deviceJid, hasKey]) => [group, deviceJid, hasKey ? 1 : 0]),
  },
  "senderKeyDevices.clear": {
    statements: ({ group }, { accountId }) => [
      {
        sql: "DELETE FROM sender_key_device WHERE device_id = ? AND group_jid = ?",
        params: [accountId, group],
      },
    ],
  },
  "senderKeyDevices.deleteRows": {
    statements: ({ deviceJids }, { accountId, limits }) =>
      splitKeys(
        deviceJids.map((jid) => [jid]),
        { fixed: [accountId], limits },
        (list) =>
          `${GROUPS_OF_ACCOUNT} DELETE FROM sender_key_device ` +
          `WHERE device_id = ?1 AND group_jid IN (SELECT jid FROM groups) AND device_jid IN ${list}`,
      ),
  },
  "senderKeyDevices.clearAll": {
    statements: (_write, { accountId }) => [
      { sql: "DELETE FROM sender_key_device WHERE device_id = ?", params: [accountId] },
    ],
  },
  "lidMapping.put": {
    statement: PUT_LID_MAPPING,
    rows: ({ entries }) =>
      entries.map(({ lid, phoneNumber, createdAt, updatedAt, learningSource }) => [
        lid,
        phoneNumber,
        createdAt,
        updatedAt,
        learningSource,
      ]),
  },
  "lidMapping.delete": {
    statements: ({ lids }, { accountId, limits }) =>
      splitKeys(
        lids.map((lid) => [lid]),
        { fixed: [accountId], limits },
        (list) => `DELETE FROM lid_mapping WHERE device_id = ? AND lid IN ${list}`,
      ),
  },
  "baseKey.put": {
    statement: PUT_BASE_KEY,
    rows: ({ address, messageId, createdAt, key }) => [[address, messageId, createdAt, key]],
  },
  "baseKey.delete": {
    removal: REMOVE_BASE_KEY,
    key: ({ address, messageId }) => [address, messageId],
  },
  "baseKey.expire": expiryPlanner("base_key", "address, message_id", "created_at <= ?"),
  "deviceList.put": {
    statement: PUT_DEVICE_LIST,
    rows: ({ records }) =>
      records.map(({ user, timestamp, phash, rawId, devices }) => [
        user,
        timestamp,
        phash ?? null,
        rawId ?? null,
        encodeDevices(devices),
      ]),
  },
  "deviceList.delete": {
    removal: REMOVE_DEVICE_LIST,
    key: ({ user }) => [user],
  },
  "groupMetadata.put": {
    statement: PUT_GROUP_METADATA,
    rows: ({ group, blob }) => [[group, blob]],
  },
  "groupMetadata.delete": {
    removal: REMOVE_GROUP_METADATA,
    key: ({ group }) => [group],
  },
  "tcToken.put": {
    statement: PUT_TC_TOKEN,
    rows: ({ jid, entry }) => [[jid, entry.tokenTimestamp, entry.senderTimestamp ?? null, entry.token]],
  },
  "tcToken.receive": {
    statements: ({ jid, token, tokenTimestamp }, { accountId }) => [
      { sql: RECEIVE_TC_TOKEN, params: [accountId, jid, tokenTimestamp, token] },
    ],
  },
  "tcToken.touchSender": {
    statements: ({ jid, senderTimestamp }, { accountId }) => [
      { sql: TOUCH_TC_TOKEN, params: [accountId, jid, senderTimestamp] },
    ],
  },
  "tcToken.delete": {
    removal: REMOVE_TC_TOKEN,
    key: ({ jid }) => [jid],
  },
  "tcToken.expire": {
    statements: ({ tokenCutoff, senderCutoff, limit }, { accountId }) =>
      expiryOf(
        { table: "tc_token", key: "jid", stale: STALE_TC_TOKEN },
        accountId,
        [tokenCutoff, senderCutoff, Math.max(tokenCutoff, senderCutoff)],
        limit,
      ),
  },
};
