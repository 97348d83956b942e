import { DEVICE_BLOB_COLUMNS } from "./device_fields.ts";
import { TC_TOKEN_TIME } from "./expiry.ts";
import type { Migration } from "./migrate.ts";

/**
 * A table whose rows belong to one account, named by their `device_id`: the number of the account's row in
 * `account`. The name is older than the word "account" for what it names, and part of stored files.
 */
export interface ScopedTable {
  readonly name: string;
  /** Columns whose lengths add up to the size of the table's values. */
  readonly values: readonly string[];
}

/**
 * Every table of an account except the account's own row. Deleting an account empties all of them, and a
 * snapshot counts their rows.
 */
export const SCOPED_TABLES: readonly ScopedTable[] = [
  { name: "device", values: DEVICE_BLOB_COLUMNS },
  { name: "identity", values: ["key"] },
  { name: "session", values: ["record"] },
  { name: "pre_key", values: ["record"] },
  { name: "signed_pre_key", values: ["record"] },
  { name: "sender_key", values: ["record"] },
  { name: "quarantine", values: ["record"] },
  { name: "sync_key", values: ["key_data", "fingerprint"] },
  { name: "sync_version", values: ["hash", "index_values"] },
  { name: "sync_value", values: ["value"] },
  { name: "mutation_mac", values: ["value_mac"] },
  { name: "sender_key_device", values: [] },
  { name: "lid_mapping", values: [] },
  { name: "base_key", values: ["key"] },
  { name: "device_list", values: ["devices"] },
  { name: "group_metadata", values: ["blob"] },
  { name: "tc_token", values: ["token"] },
  { name: "sent_message", values: ["payload"] },
  { name: "pending_inbound", values: ["payload"] },
  { name: "msg_secret", values: ["secret"] },
  { name: "message_segment", values: ["head", "payload"] },
];

/** What follows the columns of a table. See below for which tables have what. */
const SMALL = ") STRICT, WITHOUT ROWID";
const BLOBS = ") STRICT";
const HOT = ")";

/** The statement that creates a table of an account's rows. */
function table(name: string, columns: string, key: string, options: string = SMALL): string {
  return `CREATE TABLE ${name} ( device_id INTEGER NOT NULL, ${columns}, PRIMARY KEY (device_id, ${key}) ${options}`;
}

/**
 * Layout, version 1.
 *
 * - Every table but `account` is scoped by `device_id`, the first part of its key. Ids are never used again
 *   (AUTOINCREMENT), so that a process that still knows a deleted account can not write into another one.
 * - Tables of blobs are rowid tables, since a large row in a WITHOUT ROWID table is costly to rewrite (the
 *   whole row lives in the key's tree); tables of small rows are WITHOUT ROWID, since they then have one tree
 *   instead of two.
 * - Tables are STRICT, so that a driver that binds a value as another type is refused, but for the two that
 *   are written all the time: the check costs a fortieth of a flush.
 * - `user` columns stand in front of the address in the key itself: the search for a user is a prefix search
 *   of the same index, and an update of an existing row writes that row alone.
 * - Times that expire stand before the blobs, so that a scan for expired rows does not read the blobs'
 *   overflow pages.
 * - A lease stands in columns of its own (`reserved_until`, `incarnation`, `burned`), so that it works for
 *   any client's record.
 * - Versions of app state are decimal text: not every platform reads 64-bit integers exactly.
 * - `lid_mapping.seq` is the order of the writes: REPLACE gives a written row the greatest one.
 */
const VERSION_1: readonly string[] = [
  "CREATE TABLE account ( " +
    "device_id INTEGER PRIMARY KEY AUTOINCREMENT, " +
    "name TEXT NOT NULL UNIQUE, " +
    "owner TEXT, " +
    "epoch INTEGER NOT NULL DEFAULT 0 " +
    ") STRICT",
  "CREATE TABLE device ( " +
    "device_id INTEGER PRIMARY KEY, " +
    "pn TEXT, " +
    "lid TEXT, " +
    "registration_id INTEGER NOT NULL, " +
    "noise_key BLOB NOT NULL, " +
    "identity_key BLOB NOT NULL, " +
    "signed_pre_key BLOB NOT NULL, " +
    "signed_pre_key_id INTEGER NOT NULL, " +
    "signed_pre_key_signature BLOB NOT NULL, " +
    "adv_secret_key BLOB NOT NULL, " +
    "account BLOB, " +
    "push_name TEXT, " +
    "platform TEXT, " +
    "app_version_primary INTEGER, " +
    "app_version_secondary INTEGER, " +
    "app_version_tertiary INTEGER, " +
    "app_version_last_fetched_ms INTEGER, " +
    "edge_routing_info BLOB, " +
    "props_hash TEXT, " +
    "next_pre_key_id INTEGER, " +
    "first_unuploaded_pre_key_id INTEGER, " +
    "server_has_pre_keys INTEGER, " +
    "nct_salt BLOB, " +
    "server_cert_chain BLOB, " +
    "login_counter INTEGER, " +
    "lid_migrated INTEGER, " +
    "last_signed_pre_key_rotation_ms INTEGER, " +
    "read_receipts_disabled INTEGER, " +
    "server_client_expires_at INTEGER, " +
    "server_client_version TEXT, " +
    "extra BLOB " +
    ") STRICT",
  table("identity", "user TEXT NOT NULL, address TEXT NOT NULL, key BLOB NOT NULL", "user, address"),
  table(
    "session",
    "user TEXT NOT NULL, address TEXT NOT NULL, reserved_until INTEGER, incarnation TEXT, " +
      "burned INTEGER, record BLOB NOT NULL",
    "user, address",
    HOT,
  ),
  table("pre_key", "id INTEGER NOT NULL, uploaded INTEGER NOT NULL, record BLOB NOT NULL", "id"),
  table("signed_pre_key", "id INTEGER NOT NULL, record BLOB NOT NULL", "id"),
  table(
    "sender_key",
    "user TEXT NOT NULL, name TEXT NOT NULL, reserved_until INTEGER, incarnation TEXT, " +
      "burned INTEGER, record BLOB NOT NULL",
    "user, name",
    HOT,
  ),
  table(
    "quarantine",
    "store TEXT NOT NULL, address TEXT NOT NULL, reason TEXT NOT NULL, record BLOB NOT NULL",
    "address, store",
    BLOBS,
  ),
  table(
    "sync_key",
    "key_id BLOB NOT NULL, timestamp INTEGER NOT NULL, key_data BLOB NOT NULL, " +
      "fingerprint BLOB NOT NULL",
    "key_id",
  ),
  table(
    "sync_version",
    "name TEXT NOT NULL, version TEXT NOT NULL, mac_mismatch_fatal INTEGER NOT NULL, " +
      "hash BLOB NOT NULL, index_values BLOB NOT NULL",
    "name",
    BLOBS,
  ),
  table(
    "mutation_mac",
    "name TEXT NOT NULL, index_mac BLOB NOT NULL, version TEXT NOT NULL, value_mac BLOB NOT NULL",
    "name, index_mac",
  ),
  table(
    "sender_key_device",
    "group_jid TEXT NOT NULL, device_jid TEXT NOT NULL, has_key INTEGER NOT NULL",
    "group_jid, device_jid",
  ),
  "CREATE TABLE lid_mapping ( " +
    "seq INTEGER PRIMARY KEY, " +
    "device_id INTEGER NOT NULL, " +
    "lid TEXT NOT NULL, " +
    "phone_number TEXT NOT NULL, " +
    "created_at INTEGER NOT NULL, " +
    "updated_at INTEGER NOT NULL, " +
    "learning_source TEXT NOT NULL, " +
    "UNIQUE (device_id, lid) " +
    ") STRICT",
  `CREATE INDEX lid_mapping_by_phone ON lid_mapping (device_id, phone_number, created_at)`,
  table(
    "base_key",
    "address TEXT NOT NULL, message_id TEXT NOT NULL, created_at INTEGER NOT NULL, " + "key BLOB NOT NULL",
    "address, message_id",
  ),
  table(
    "device_list",
    "user TEXT NOT NULL, timestamp INTEGER NOT NULL, phash TEXT, raw_id INTEGER, " + "devices BLOB NOT NULL",
    "user",
  ),
  table("group_metadata", "group_jid TEXT NOT NULL, blob BLOB NOT NULL", "group_jid", BLOBS),
  table(
    "tc_token",
    "jid TEXT NOT NULL, token_timestamp INTEGER NOT NULL, sender_timestamp INTEGER, " + "token BLOB NOT NULL",
    "jid",
  ),
  table(
    "sent_message",
    "chat TEXT NOT NULL, id TEXT NOT NULL, created_at INTEGER NOT NULL, payload BLOB NOT NULL",
    "chat, id",
    BLOBS,
  ),
  table(
    "pending_inbound",
    "chat TEXT NOT NULL, sender TEXT NOT NULL, id TEXT NOT NULL, received_at INTEGER NOT NULL, " +
      "payload BLOB NOT NULL",
    "chat, sender, id",
    BLOBS,
  ),
  table(
    "msg_secret",
    "chat TEXT NOT NULL, sender TEXT NOT NULL, id TEXT NOT NULL, expires_at INTEGER NOT NULL, " +
      "message_ts INTEGER NOT NULL, secret BLOB NOT NULL",
    "chat, sender, id",
  ),
];

/**
 * Layout, version 2: mutations of app state in rows of their own.
 *
 * - `sync_version.index_values` has them encoded, as in version 1. It is read while `generation` is NULL, and
 *   emptied by the first change. So a file with many accounts is not converted before its first use.
 * - `generation` names the rows of `sync_value` that are current, `started` is the greatest that there was.
 *   `revision` grows with every write of the collection, so that a read in pages notices one between them.
 * - An empty `hash` means that the collection was deleted and only `started` is kept.
 */
const VERSION_2: readonly string[] = [
  "ALTER TABLE sync_version ADD COLUMN generation INTEGER",
  "ALTER TABLE sync_version ADD COLUMN started INTEGER NOT NULL DEFAULT 0",
  "ALTER TABLE sync_version ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
  table(
    "sync_value",
    "name TEXT NOT NULL, generation INTEGER NOT NULL, index_mac TEXT NOT NULL, value BLOB NOT NULL",
    "name, generation, index_mac",
  ),
];

/**
 * Layout, version 3: indexes by the time of expiry, so that housekeeping reads what it removes and nothing
 * else. They cost one index entry with each write of a row.
 *
 * - A secret that never expires has no entry.
 * - Both times of a token must be stale, so the later one decides.
 */
const VERSION_3: readonly string[] = [
  "CREATE INDEX base_key_by_time ON base_key (device_id, created_at)",
  "CREATE INDEX sent_message_by_time ON sent_message (device_id, created_at)",
  "CREATE INDEX pending_inbound_by_time ON pending_inbound (device_id, received_at)",
  "CREATE INDEX msg_secret_by_time ON msg_secret (device_id, expires_at) WHERE expires_at > 0",
  `CREATE INDEX tc_token_by_time ON tc_token (device_id, ${TC_TOKEN_TIME})`,
];

/**
 * Layout, version 4: many messages in one row.
 *
 * - `head` stands before `payload`, so that a search of it does not read the payload's overflow pages.
 * - There is no index by time: it would be one more row with each write of a segment whose time moves, and
 *   an account has few segments.
 */
const VERSION_4: readonly string[] = [
  table(
    "message_segment",
    "log TEXT NOT NULL, seq INTEGER NOT NULL, expires_at INTEGER NOT NULL, head BLOB NOT NULL, " +
      "payload BLOB NOT NULL",
    "log, seq",
    BLOBS,
  ),
];

/**
 * Layout, version 5: accounts that are set aside. They have another name, the one that they had, and the time
 * (Unix seconds) from which they may be deleted. The index is read by each run of housekeeping.
 */
const VERSION_5: readonly string[] = [
  "ALTER TABLE account ADD COLUMN set_aside_of TEXT",
  "ALTER TABLE account ADD COLUMN set_aside_until INTEGER",
  "CREATE INDEX account_set_aside ON account (set_aside_until) WHERE set_aside_until IS NOT NULL",
];

/**
 * All migrations, oldest first. Add new ones at the end; never edit a released one.
 *
 * `floor` of a migration is the oldest release version of the layout that can still read and write a database
 * on which it ran. Raise it only when an older release would misread what is stored.
 */
export const MIGRATIONS: readonly Migration[] = [
  { version: 1, floor: 1, statements: VERSION_1 },
  { version: 2, floor: 2, statements: VERSION_2 },
  { version: 3, floor: 2, statements: VERSION_3 },
  { version: 4, floor: 2, statements: VERSION_4 },
  { version: 5, floor: 5, statements: VERSION_5 },
];
