import type { DeviceListEntry, DeviceListRecord } from "../records/mod.ts";
import { flag, list, object, optional, plain, type Rule, rows, tuple, value } from "../rules/mod.ts";
import {
  ADDRESS,
  CHAT,
  CUTOFF,
  DEVICE_JID,
  GROUP,
  JID,
  LID,
  LOG,
  MESSAGE_ID,
  NOW,
  PHONE_NUMBER,
  ROW_LIMIT,
  SECONDS,
  SENDER,
  SEQUENCE,
  UINT32,
  USER,
  word,
} from "./field_rules.ts";
import {
  type LearningSource,
  type LidPnMapping,
  MESSAGE_SECRET_BYTES,
  type MessageRef,
  type MessageSegment,
  type MsgSecretEntry,
  type PendingInbound,
  type ProtocolWrite,
  type SenderKeyDevice,
  type TcTokenEntry,
} from "./protocol_store.ts";
import type { KeysOf, WriteRowsOf } from "./write_row.ts";

/** Identifies one inbound message. */
const MESSAGE_REF = { chat: CHAT, sender: SENDER, id: MESSAGE_ID } as const;

export const SENDER_KEY_DEVICE: Rule<SenderKeyDevice> = tuple<SenderKeyDevice>(DEVICE_JID, flag());

export const LID_MAPPING: Rule<LidPnMapping> = object<LidPnMapping>({
  lid: LID,
  phoneNumber: PHONE_NUMBER,
  createdAt: SECONDS,
  updatedAt: SECONDS,
  // Any text is accepted. An unknown one reads as `other`.
  learningSource: word<LearningSource>("learningSource"),
});

export const DEVICE_LIST: Rule<DeviceListRecord> = object<DeviceListRecord>({
  user: USER,
  devices: list(
    object<DeviceListEntry>({ deviceId: UINT32, keyIndex: optional(UINT32), isHosted: optional(flag()) }),
  ),
  timestamp: SECONDS,
  phash: optional(word("word")),
  rawId: optional(UINT32),
});

export const TC_TOKEN: Rule<TcTokenEntry> = object<TcTokenEntry>({
  token: value("token"),
  tokenTimestamp: SECONDS,
  senderTimestamp: optional(SECONDS),
});

export const PENDING_INBOUND: Rule<PendingInbound> = object<PendingInbound>({
  ...MESSAGE_REF,
  payload: value("payload"),
  receivedAt: SECONDS,
});

export const MESSAGE_SECRET: Rule<Uint8Array> = value("secret", { length: MESSAGE_SECRET_BYTES });

/** Names one segment of a log. */
const SEGMENT_REF = { log: LOG, seq: SEQUENCE } as const;

export const MESSAGE_SEGMENT: Rule<MessageSegment> = object<MessageSegment>({
  ...SEGMENT_REF,
  expiresAt: SECONDS,
  head: plain("head"),
  payload: value("payload"),
});

/** Protocol version that introduced message segments. */
export const MESSAGE_SEGMENTS_SINCE = 2;

const EXPIRY = { cutoff: CUTOFF, limit: ROW_LIMIT } as const;

/** The writes of the protocol store. */
export const PROTOCOL_WRITES: WriteRowsOf<ProtocolWrite["kind"]> = {
  "senderKeyDevices.set": {
    by: "setSenderKeyStatus",
    fields: { group: GROUP, entries: rows(SENDER_KEY_DEVICE) },
  },
  "senderKeyDevices.clear": {
    by: "clearSenderKeyDevices",
    fields: { group: GROUP },
  },
  "senderKeyDevices.deleteRows": {
    by: "deleteSenderKeyDeviceRows",
    fields: { deviceJids: rows(DEVICE_JID) },
  },
  "senderKeyDevices.clearAll": { by: "clearAllSenderKeyDevices", fields: {} },
  "lidMapping.put": { by: "putLidMappings", fields: { entries: rows(LID_MAPPING) } },
  "lidMapping.delete": { by: "deleteLidMappings", fields: { lids: rows(LID) } },
  "baseKey.put": {
    by: "saveBaseKey",
    fields: { address: ADDRESS, messageId: MESSAGE_ID, key: plain("baseKey", { min: 1 }), createdAt: NOW },
  },
  "baseKey.delete": {
    by: "deleteBaseKey",
    fields: { address: ADDRESS, messageId: MESSAGE_ID },
  },
  "baseKey.expire": { by: "deleteExpiredBaseKeys", fields: EXPIRY },
  "deviceList.put": { by: "updateDeviceLists", fields: { records: rows(DEVICE_LIST) } },
  "deviceList.delete": { by: "deleteDevices", fields: { user: USER } },
  "groupMetadata.put": {
    by: "putGroupMetadata",
    fields: { group: GROUP, blob: value("blob") },
  },
  "groupMetadata.delete": { by: "deleteGroupMetadata", fields: { group: GROUP } },
  "tcToken.put": { by: "putTcToken", fields: { jid: JID, entry: TC_TOKEN } },
  "tcToken.receive": {
    by: "storeReceivedTcToken",
    fields: { jid: JID, token: value("token", { min: 1 }), tokenTimestamp: SECONDS },
  },
  "tcToken.touchSender": {
    by: "touchTcTokenSender",
    fields: { jid: JID, senderTimestamp: SECONDS },
  },
  "tcToken.delete": { by: "deleteTcToken", fields: { jid: JID } },
  "tcToken.expire": {
    by: "deleteExpiredTcTokens",
    fields: { tokenCutoff: CUTOFF, senderCutoff: CUTOFF, limit: ROW_LIMIT },
  },
  "sentMessage.put": {
    by: "storeSentMessage",
    fields: { chat: CHAT, id: MESSAGE_ID, payload: value("payload"), createdAt: NOW },
  },
  "sentMessage.delete": {
    by: "takeSentMessage",
    fields: { chat: CHAT, id: MESSAGE_ID },
  },
  "sentMessage.expire": { by: "deleteExpiredSentMessages", fields: EXPIRY },
  "pendingInbound.put": {
    by: "storePendingInbound",
    fields: { rows: rows(PENDING_INBOUND) },
  },
  "pendingInbound.delete": {
    by: "deletePendingInbound",
    fields: { keys: rows(object<MessageRef>(MESSAGE_REF)) },
  },
  "pendingInbound.expire": { by: "deleteExpiredPendingInbound", fields: EXPIRY },
  "msgSecret.put": {
    by: "putMsgSecrets",
    fields: {
      entries: rows(
        object<MsgSecretEntry>({
          ...MESSAGE_REF,
          secret: MESSAGE_SECRET,
          expiresAt: SECONDS,
          messageTs: SECONDS,
        }),
      ),
    },
  },
  "msgSecret.expire": { by: "deleteExpiredMsgSecrets", fields: EXPIRY },
  "messageSegment.put": {
    by: "putMessageSegments",
    since: MESSAGE_SEGMENTS_SINCE,
    fields: { segments: rows(MESSAGE_SEGMENT) },
  },
  "messageSegment.delete": {
    by: "deleteMessageSegments",
    since: MESSAGE_SEGMENTS_SINCE,
    fields: { keys: rows(object<Pick<MessageSegment, "log" | "seq">>(SEGMENT_REF)) },
  },
  "messageSegment.expire": {
    by: "deleteExpiredMessageSegments",
    since: MESSAGE_SEGMENTS_SINCE,
    fields: EXPIRY,
  },
};

/** The fields that name a row of each table. */
export const PROTOCOL_KEYS: KeysOf<ProtocolWrite["kind"]> = {
  senderKeyDevices: ["group", "deviceJid"],
  lidMapping: ["lid"],
  baseKey: ["address", "messageId"],
  deviceList: ["user"],
  groupMetadata: ["group"],
  tcToken: ["jid"],
  sentMessage: ["chat", "id"],
  pendingInbound: ["chat", "sender", "id"],
  msgSecret: ["chat", "sender", "id"],
  messageSegment: ["log", "seq"],
};
