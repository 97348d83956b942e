import { userOfAddress, userOfSenderKeyName } from "../../addresses/mod.ts";
import type {
  QuarantinedRecord,
  QuarantineReason,
  SignalAddressEntry,
  SignalReads,
  SignalRecordStore,
  SignalRow,
} from "../../backend/mod.ts";
import { compareText } from "../../bytes/mod.ts";
import { bytesOf, flagOf, integerOf, type Row, textOf } from "./cell.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";

/** A record with its lease. */
const LEASED_RECORD = "record, reserved_until, incarnation, burned";

/** Kinds of addresses, in the order in which `listSignalAddresses` gives those of one address. */
const ADDRESS_KINDS: readonly SignalAddressEntry["kind"][] = ["identity", "senderKey", "session"];

/** Reads of the Signal store. */
export function signalReads(scope: ReadScope): SignalReads {
  const sessions = (addresses: readonly string[]): Promise<(Row | undefined)[]> =>
    scope.lookUp(
      addresses.map((address) => [userOfAddress(address), address]),
      (list) =>
        `SELECT address, ${LEASED_RECORD} FROM session WHERE device_id = ${SCOPE} AND (user, address) IN ${list}`,
    );
  return {
    async loadIdentity(address) {
      const row = await scope.first(
        `SELECT key FROM identity WHERE device_id = ${SCOPE} AND user = ? AND address = ?`,
        [userOfAddress(address), address],
      );
      return row && bytesOf(row[0], "identity key");
    },
    async loadIdentities(addresses) {
      const rows = await scope.lookUp(
        addresses.map((address) => [userOfAddress(address), address]),
        (list) =>
          `SELECT address, key FROM identity WHERE device_id = ${SCOPE} AND (user, address) IN ${list}`,
      );
      return rows.map((row) => row && bytesOf(row[1], "identity key"));
    },
    async getSession(address) {
      const row = await scope.first(
        `SELECT record FROM session WHERE device_id = ${SCOPE} AND user = ? AND address = ?`,
        [userOfAddress(address), address],
      );
      return row && bytesOf(row[0], "session");
    },
    async getSessions(addresses) {
      return (await sessions(addresses)).map((row) => row && bytesOf(row[1], "session"));
    },
    async loadSessionRow(address) {
      const row = await scope.first(
        `SELECT ${LEASED_RECORD} FROM session WHERE device_id = ${SCOPE} AND user = ? AND address = ?`,
        [userOfAddress(address), address],
      );
      return row && toSignalRow(row, "session");
    },
    async loadSessionRows(addresses) {
      return (await sessions(addresses)).map((row) => row && toSignalRow(row.slice(1), "session"));
    },
    async hasSession(address) {
      const row = await scope.first(
        `SELECT 1 FROM session WHERE device_id = ${SCOPE} AND user = ? AND address = ?`,
        [userOfAddress(address), address],
      );
      return row !== undefined;
    },
    async loadSenderKeyRow(name) {
      const row = await scope.first(
        `SELECT ${LEASED_RECORD} FROM sender_key WHERE device_id = ${SCOPE} AND user = ? AND name = ?`,
        [userOfSenderKeyName(name), name],
      );
      return row && toSignalRow(row, "sender key");
    },
    async loadSenderKeyRows(names) {
      const rows = await scope.lookUp(
        names.map((name) => [userOfSenderKeyName(name), name]),
        (list) =>
          `SELECT name, ${LEASED_RECORD} FROM sender_key WHERE device_id = ${SCOPE} AND (user, name) IN ${list}`,
      );
      return rows.map((row) => row && toSignalRow(row.slice(1), "sender key"));
    },
    async listQuarantined() {
      const rows = await scope.query(
        `SELECT store, address, reason, length(record) FROM quarantine WHERE device_id = ${SCOPE}`,
        [],
      );
      return rows
        .map(toQuarantined)
        .sort((a, b) => compareText(a.address, b.address) || compareText(a.store, b.store));
    },
    async hasSignalStateForUser(user) {
      const row = await scope.first(
        `WITH scope (device_id, user) AS (SELECT ${SCOPE}, ?)
        SELECT 1 FROM scope WHERE
          EXISTS (SELECT 1 FROM session s WHERE s.device_id = scope.device_id AND s.user = scope.user)
          OR EXISTS (SELECT 1 FROM identity i WHERE i.device_id = scope.device_id AND i.user = scope.user)
          OR EXISTS (SELECT 1 FROM sender_key k WHERE k.device_id = scope.device_id AND k.user = scope.user)`,
        [user],
      );
      return row !== undefined;
    },
    async listSignalAddresses(users) {
      const unique = [...new Set(users)].map((user) => [user]);
      const rows = await scope.select(unique, addressesOf);
      return rows.map(toAddressEntry).sort(byAddressAndKind);
    },
    async loadPreKey(id) {
      const row = await scope.first(`SELECT record FROM pre_key WHERE device_id = ${SCOPE} AND id = ?`, [id]);
      return row && bytesOf(row[0], "pre-key");
    },
    async loadPreKeys(ids) {
      const unique = [...new Set(ids)].sort((a, b) => a - b);
      const rows = await scope.lookUp(
        unique.map((id) => [id]),
        (list) => `SELECT id, record, uploaded FROM pre_key WHERE device_id = ${SCOPE} AND id IN ${list}`,
      );
      return rows
        .filter((row) => row !== undefined)
        .map(([id, record, uploaded]) => ({
          id: integerOf(id, "pre-key id"),
          record: bytesOf(record, "pre-key"),
          uploaded: flagOf(uploaded, "pre-key upload mark"),
        }));
    },
    async getMaxPreKeyId() {
      const row = await scope.first(`SELECT max(id) FROM pre_key WHERE device_id = ${SCOPE}`, []);
      return integerOf(row?.[0] ?? 0, "greatest pre-key id");
    },
    async loadSignedPreKey(id) {
      const row = await scope.first(
        `SELECT record FROM signed_pre_key WHERE device_id = ${SCOPE} AND id = ?`,
        [id],
      );
      return row && bytesOf(row[0], "signed pre-key");
    },
    async loadAllSignedPreKeys() {
      const rows = await scope.query(
        `SELECT id, record FROM signed_pre_key WHERE device_id = ${SCOPE} ORDER BY id`,
        [],
      );
      return rows.map(([id, record]) => ({
        id: integerOf(id, "signed pre-key id"),
        record: bytesOf(record, "signed pre-key"),
      }));
    },
    async getSenderKey(name) {
      const row = await scope.first(
        `SELECT record FROM sender_key WHERE device_id = ${SCOPE} AND user = ? AND name = ?`,
        [userOfSenderKeyName(name), name],
      );
      return row && bytesOf(row[0], "sender key");
    },
  };
}

/**
 * A stored lease is handed out as it is; its reader judges it. A part that is missing reads as −1, or the
 * empty text.
 */
function toSignalRow([record, reservedUntil, incarnation, burned]: Row, what: string): SignalRow {
  const cells = [reservedUntil, incarnation, burned];
  const lease = cells.every((cell) => cell == null)
    ? undefined
    : {
        reservedUntil: Number.isSafeInteger(reservedUntil) ? Number(reservedUntil) : -1,
        incarnation: typeof incarnation === "string" ? incarnation : "",
        burned: Number.isSafeInteger(burned) ? Number(burned) : -1,
      };
  return { record: bytesOf(record, what), lease };
}

function toQuarantined([store, address, reason, bytes]: Row): QuarantinedRecord {
  return {
    store: textOf(store, "store of a quarantined record") as SignalRecordStore,
    address: textOf(address, "address"),
    reason: textOf(reason, "reason of a quarantine") as QuarantineReason,
    bytes: integerOf(bytes, "length"),
  };
}

/** CROSS JOIN makes the users the outer loop: each is one search of an index. */
function addressesOf(users: string): string {
  return `WITH scope (device_id) AS (SELECT ${SCOPE}), users (user) AS (SELECT DISTINCT column1 FROM ${users})
    SELECT 0, t.address FROM scope CROSS JOIN users CROSS JOIN identity t USING (device_id, user)
    UNION ALL SELECT 1, t.name FROM scope CROSS JOIN users CROSS JOIN sender_key t USING (device_id, user)
    UNION ALL SELECT 2, t.address FROM scope CROSS JOIN users CROSS JOIN session t USING (device_id, user)`;
}

function toAddressEntry([kind, address]: Row): SignalAddressEntry {
  return {
    kind: ADDRESS_KINDS[integerOf(kind, "address kind")] ?? "session",
    address: textOf(address, "address"),
  };
}

function byAddressAndKind(a: SignalAddressEntry, b: SignalAddressEntry): number {
  return compareText(a.address, b.address) || compareText(a.kind, b.kind);
}
