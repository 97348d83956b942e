import { userOfAddress, userOfSenderKeyName } from "../../addresses/mod.ts";
import type {
  PreKeyRow,
  QuarantinedRecord,
  QuarantineReason,
  SignalAddressEntry,
  SignalReads,
  SignalRecordStore,
  SignalRow,
} from "../../backend/mod.ts";
import { compareText, decodeUtf8 } from "../../bytes/mod.ts";
import { bytesOf, flagOf, integerOf, type Row, textOf } from "./cell.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";

/**
 * A record with its lease. Most rows have the incarnation of the row before, so it is compared in SQL:
 * returning the text of each row would add a tenth to the cost of a batch.
 */
const leasedRecord = (latest: string): string =>
  `record, reserved_until, burned, iif(incarnation = ${latest}, 1, CAST(incarnation AS BLOB))`;

/** Kinds of addresses, in the order in which `listSignalAddresses` gives those of one address. */
const ADDRESS_KINDS: readonly SignalAddressEntry["kind"][] = ["identity", "senderKey", "session"];

/** Reads of the Signal store. */
export function signalReads(scope: ReadScope): SignalReads {
  const [loadSessionRow, loadSessionRows] = leasedReads(scope, "session", "address", userOfAddress);
  const [loadSenderKeyRow, loadSenderKeyRows] = leasedReads(scope, "sender_key", "name", userOfSenderKeyName);
  async function loadIdentities(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const rows = await scope.lookUp(
      addresses.map((address) => [userOfAddress(address), address]),
      ["key", "identity", "user, address"],
    );
    return rows.map((row) => row && bytesOf(row[0], "identity key"));
  }
  async function loadPreKeys(ids: readonly number[]): Promise<PreKeyRow[]> {
    const unique = [...new Set(ids)].sort((a, b) => a - b);
    const rows = await scope.lookUp(
      unique.map((id) => [id]),
      ["id, record, uploaded", "pre_key", "id"],
    );
    return rows
      .filter((row) => row !== undefined)
      .map(([id, record, uploaded]) => ({
        id: integerOf(id, "pre-key id"),
        record: bytesOf(record, "pre-key"),
        uploaded: flagOf(uploaded, "pre-key upload mark"),
      }));
  }
  return {
    loadSessionRow,
    loadSessionRows,
    loadSenderKeyRow,
    loadSenderKeyRows,
    async loadIdentity(address) {
      return (await loadIdentities([address]))[0];
    },
    loadIdentities,
    async getSession(address) {
      return (await loadSessionRow(address))?.record;
    },
    async getSessions(addresses) {
      return (await loadSessionRows(addresses)).map((row) => row?.record);
    },
    async hasSession(address) {
      const row = await scope.first(
        `SELECT 1 FROM session WHERE device_id = ${SCOPE} AND user = ? AND address = ?`,
        [userOfAddress(address), address],
      );
      return row !== undefined;
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
        `WITH scope (device_id, user) AS (SELECT ${SCOPE}, ?) ` +
          "SELECT 1 FROM scope WHERE " +
          "EXISTS (SELECT 1 FROM session s WHERE s.device_id = scope.device_id AND s.user = scope.user) " +
          "OR EXISTS (SELECT 1 FROM identity i WHERE i.device_id = scope.device_id AND i.user = scope.user) " +
          "OR EXISTS (SELECT 1 FROM sender_key k WHERE k.device_id = scope.device_id AND k.user = scope.user)",
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
      return (await loadPreKeys([id]))[0]?.record;
    },
    loadPreKeys,
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
      return (await loadSenderKeyRow(name))?.record;
    },
  };
}

/** The reads of a table of leased records: of one row, and of many. */
function leasedReads(
  scope: ReadScope,
  table: string,
  column: string,
  userOf: (name: string) => string,
): [
  load: (name: string) => Promise<SignalRow | undefined>,
  loadAll: (names: readonly string[]) => Promise<(SignalRow | undefined)[]>,
] {
  /** The incarnation of the row that was read last. */
  let latest = "";
  const what = table.replace("_", " ");
  const toSignalRow = (row: Row, asked: string): SignalRow => {
    const [record, reservedUntil, burned, incarnation] = row;
    if (incarnation instanceof Uint8Array) latest = decodeUtf8(incarnation) ?? "";
    // A stored lease is returned unchanged; the reader checks it.
    const hasLease = reservedUntil !== null || burned !== null || incarnation !== null;
    const lease = hasLease
      ? {
          reservedUntil: Number.isSafeInteger(reservedUntil) ? Number(reservedUntil) : -1,
          incarnation: incarnation === 1 ? asked : incarnation === null ? "" : latest,
          burned: Number.isSafeInteger(burned) ? Number(burned) : -1,
        }
      : undefined;
    return { record: bytesOf(record, what), lease };
  };
  return [
    async (name) => {
      const asked = latest;
      const row = await scope.first(
        `SELECT ${leasedRecord("?4")} FROM ${table} WHERE device_id = ${SCOPE} AND user = ?2 AND ${column} = ?3`,
        [userOf(name), name, asked],
      );
      return row && toSignalRow(row, asked);
    },
    async (names) => {
      const asked = latest;
      const rows = await scope.lookUp(
        names.map((name) => [userOf(name), name]),
        [leasedRecord("?"), table, `user, ${column}`],
        [asked],
      );
      return rows.map((row) => row && toSignalRow(row, asked));
    },
  ];
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
  return (
    `WITH scope (device_id) AS (SELECT ${SCOPE}), users (user) AS (SELECT DISTINCT column1 FROM ${users}) ` +
    "SELECT 0, t.address FROM scope CROSS JOIN users CROSS JOIN identity t USING (device_id, user) " +
    "UNION ALL SELECT 1, t.name FROM scope CROSS JOIN users CROSS JOIN sender_key t USING (device_id, user) " +
    "UNION ALL SELECT 2, t.address FROM scope CROSS JOIN users CROSS JOIN session t USING (device_id, user)"
  );
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
