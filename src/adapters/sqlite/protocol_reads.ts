import {
  type DeviceListRecord,
  LEARNING_SOURCES,
  type LearningSource,
  type LidPnMapping,
  type PendingInbound,
  type ProtocolReads,
} from "../../backend/mod.ts";
import { sameBytes } from "../../bytes/mod.ts";
import { decodeDevices } from "../../records/mod.ts";
import { bytesOf, flagOf, integerOf, optionalOf, type Row, textOf } from "./cell.ts";
import { type ReadScope, SCOPE } from "./read_scope.ts";
import { segmentReads } from "./segment_statements.ts";

/**
 * Mappings that one statement of `getAllLidMappings` fetches: as many as a warm-up asks for, since each
 * statement sorts all of them.
 */
const LID_PAGE_ROWS = 10_000;

const LID_COLUMNS = "lid, phone_number, created_at, updated_at, learning_source, seq";

/** Reads of the protocol store. */
export function protocolReads(scope: ReadScope): ProtocolReads {
  return {
    ...senderKeyDeviceReads(scope),
    ...lidReads(scope),
    ...deviceListReads(scope),
    ...messageReads(scope),
    ...segmentReads(scope),
  };
}

function senderKeyDeviceReads(
  scope: ReadScope,
): Pick<ProtocolReads, "getSenderKeyDevices" | "getGroupMetadata"> {
  return {
    async getSenderKeyDevices(group) {
      const rows = await scope.query(
        `SELECT device_jid, has_key FROM sender_key_device WHERE device_id = ${SCOPE} AND group_jid = ? ` +
          "ORDER BY device_jid",
        [group],
      );
      return rows.map(([jid, hasKey]) => [textOf(jid, "device JID"), flagOf(hasKey, "sender key mark")]);
    },
    async getGroupMetadata(group) {
      const row = await scope.first(
        `SELECT blob FROM group_metadata WHERE device_id = ${SCOPE} AND group_jid = ?`,
        [group],
      );
      return row && bytesOf(row[0], "group metadata");
    },
  };
}

type LidReads = Pick<
  ProtocolReads,
  "getLidMapping" | "getPnMapping" | "getLidMappings" | "getPnMappings" | "getAllLidMappings"
>;

function lidReads(scope: ReadScope): LidReads {
  async function getLidMappings(lids: readonly string[]): Promise<(LidPnMapping | undefined)[]> {
    const rows = await scope.lookUp(
      lids.map((lid) => [lid]),
      [LID_COLUMNS, "lid_mapping", "lid"],
    );
    return rows.map((row) => row && toMapping(row));
  }
  async function getPnMappings(phoneNumbers: readonly string[]): Promise<(LidPnMapping | undefined)[]> {
    // The first row of a phone number is the newest.
    const tail = "ORDER BY n, created_at DESC, seq DESC";
    const rows = await scope.lookUp(
      phoneNumbers.map((phoneNumber) => [phoneNumber]),
      [LID_COLUMNS, "lid_mapping", "phone_number", tail],
    );
    return rows.map((row) => row && toMapping(row));
  }
  return {
    getLidMappings,
    getPnMappings,
    async getLidMapping(lid) {
      return (await getLidMappings([lid]))[0];
    },
    async getPnMapping(phoneNumber) {
      return (await getPnMappings([phoneNumber]))[0];
    },
    async *getAllLidMappings() {
      let before: Row = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
      for (;;) {
        const rows = await scope.query(
          `SELECT ${LID_COLUMNS} FROM lid_mapping WHERE device_id = ${SCOPE} AND (created_at, seq) < (?, ?) ` +
            `ORDER BY created_at DESC, seq DESC LIMIT ${LID_PAGE_ROWS}`,
          before,
        );
        for (const row of rows) yield toMapping(row);
        const last = rows[LID_PAGE_ROWS - 1];
        if (last === undefined) return;
        before = [integerOf(last[2], "mapping time"), integerOf(last[5], "mapping sequence")];
      }
    },
  };
}

function toMapping([lid, phoneNumber, createdAt, updatedAt, learningSource]: Row): LidPnMapping {
  const source = textOf(learningSource, "mapping source") as LearningSource;
  return {
    lid: textOf(lid, "mapping LID"),
    phoneNumber: textOf(phoneNumber, "mapping phone number"),
    createdAt: integerOf(createdAt, "mapping time"),
    updatedAt: integerOf(updatedAt, "mapping time"),
    learningSource: LEARNING_SOURCES.includes(source) ? source : "other",
  };
}

function deviceListReads(scope: ReadScope): Pick<ProtocolReads, "getDevices" | "getDevicesFor"> {
  async function getDevicesFor(users: readonly string[]): Promise<(DeviceListRecord | undefined)[]> {
    const rows = await scope.lookUp(
      users.map((user) => [user]),
      ["timestamp, phash, raw_id, devices", "device_list", "user"],
    );
    return rows.map((row, index) => row && toDeviceList([users[index] as string, ...row]));
  }
  return {
    getDevicesFor,
    async getDevices(user) {
      return (await getDevicesFor([user]))[0];
    },
  };
}

export function toDeviceList([user, timestamp, phash, rawId, devices]: Row): DeviceListRecord {
  return {
    user: textOf(user, "device list"),
    devices: decodeDevices(bytesOf(devices, "device list")),
    timestamp: integerOf(timestamp, "device list"),
    phash: optionalOf(phash, "device list", textOf),
    rawId: optionalOf(rawId, "device list", integerOf),
  };
}

type MessageReads = Pick<
  ProtocolReads,
  | "hasSameBaseKey"
  | "getTcToken"
  | "getAllTcTokenJids"
  | "getSentMessage"
  | "getPendingInbound"
  | "listPendingInbound"
  | "getMsgSecret"
>;

function messageReads(scope: ReadScope): MessageReads {
  return {
    async hasSameBaseKey(address, messageId, key) {
      const row = await scope.first(
        `SELECT key FROM base_key WHERE device_id = ${SCOPE} AND address = ? AND message_id = ?`,
        [address, messageId],
      );
      return row !== undefined && sameBytes(bytesOf(row[0], "base key"), key);
    },
    async getTcToken(jid) {
      const row = await scope.first(
        `SELECT token, token_timestamp, sender_timestamp FROM tc_token WHERE device_id = ${SCOPE} AND jid = ?`,
        [jid],
      );
      if (row === undefined) return undefined;
      return {
        token: bytesOf(row[0], "trusted-contact token"),
        tokenTimestamp: integerOf(row[1], "trusted-contact token"),
        senderTimestamp: optionalOf(row[2], "trusted-contact token", integerOf),
      };
    },
    async getAllTcTokenJids() {
      const rows = await scope.query(`SELECT jid FROM tc_token WHERE device_id = ${SCOPE} ORDER BY jid`, []);
      return rows.map(([jid]) => textOf(jid, "trusted-contact JID"));
    },
    async getSentMessage(chat, id) {
      const row = await scope.first(
        `SELECT payload FROM sent_message WHERE device_id = ${SCOPE} AND chat = ? AND id = ?`,
        [chat, id],
      );
      return row && bytesOf(row[0], "sent message");
    },
    async getPendingInbound(chat, sender, id) {
      const row = await scope.first(
        "SELECT chat, sender, id, payload, received_at FROM pending_inbound " +
          `WHERE device_id = ${SCOPE} AND chat = ? AND sender = ? AND id = ?`,
        [chat, sender, id],
      );
      return row && toPendingInbound(row);
    },
    async listPendingInbound(limit) {
      const rows = await scope.query(
        `SELECT chat, sender, id, payload, received_at FROM pending_inbound WHERE device_id = ${SCOPE} ` +
          "ORDER BY received_at, rowid LIMIT ?",
        [limit],
      );
      return rows.map(toPendingInbound);
    },
    async getMsgSecret(chat, sender, id) {
      const row = await scope.first(
        "SELECT secret, message_ts FROM msg_secret " +
          `WHERE device_id = ${SCOPE} AND chat = ? AND sender = ? AND id = ?`,
        [chat, sender, id],
      );
      if (row === undefined) return undefined;
      const secret = bytesOf(row[0], "message secret");
      const messageTs = integerOf(row[1], "message time");
      return messageTs === 0 ? { secret } : { secret, messageTs };
    },
  };
}

function toPendingInbound([chat, sender, id, payload, receivedAt]: Row): PendingInbound {
  return {
    chat: textOf(chat, "pending message"),
    sender: textOf(sender, "pending message"),
    id: textOf(id, "pending message"),
    payload: bytesOf(payload, "pending message"),
    receivedAt: integerOf(receivedAt, "pending message"),
  };
}
