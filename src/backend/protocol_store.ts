import type { DeviceListRecord } from "../records/mod.ts";

/** Sources of a LID↔PN mapping. Any other stored string reads as `other`. */
export const LEARNING_SOURCES = [
  "usync",
  "peer_pn_message",
  "peer_lid_message",
  "recipient_latest_lid",
  "migration_sync_latest",
  "migration_sync_old",
  "blocklist_active",
  "blocklist_inactive",
  "pairing",
  "device_notification",
  "other",
] as const;

/** The source of a LID↔PN mapping. */
export type LearningSource = (typeof LEARNING_SOURCES)[number];

/** One LID and its phone number, both as user parts without server. Times are Unix seconds. */
export interface LidPnMapping {
  /** User part of the LID, such as `100000012345678`. */
  readonly lid: string;
  /** User part of the phone number's JID, such as `5511999990000`. */
  readonly phoneNumber: string;
  /** When the mapping was first learnt. Decides which of several mappings of a phone number counts. */
  readonly createdAt: number;
  /** When the mapping was last stored. */
  readonly updatedAt: number;
  /** Where it comes from. A text that this release does not know reads as `other`. */
  readonly learningSource: LearningSource;
}

/** Whether a device holds our sender key in a group: its JID, and the answer. */
export type SenderKeyDevice = readonly [deviceJid: string, hasKey: boolean];

/** A trusted-contact token. */
export interface TcTokenEntry {
  /** Empty, with a timestamp of 0, for a placeholder that only has a sender timestamp. */
  readonly token: Uint8Array;
  /** Unix seconds. */
  readonly tokenTimestamp: number;
  /** Unix seconds of our last use of the token. */
  readonly senderTimestamp?: number | undefined;
}

/** Identifies one inbound message. Message ids alone collide between senders. */
export interface MessageRef {
  /** JID of the chat. */
  readonly chat: string;
  /** JID of the sender. */
  readonly sender: string;
  /** Id of the message, as its sender chose it. */
  readonly id: string;
}

/** A decrypted message that was not delivered to the client yet. */
export interface PendingInbound extends MessageRef {
  /** The decrypted message, encoded by the client. Opaque to the store. */
  readonly payload: Uint8Array;
  /** Unix seconds. */
  readonly receivedAt: number;
}

/** Length of a message secret in bytes. */
export const MESSAGE_SECRET_BYTES = 32;

/** A message secret with its expiry time. */
export interface MsgSecretEntry extends MessageRef {
  /** Exactly 32 bytes. The last write wins. */
  readonly secret: Uint8Array;
  /** Unix seconds. 0 means never. Of two, 0 wins, else the later. */
  readonly expiresAt: number;
  /** Unix seconds. 0 means unknown. Of two, the greater wins. */
  readonly messageTs: number;
}

/** The result of reading a message secret. */
export interface MsgSecret {
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** Unix seconds. Absent if unknown. */
  readonly messageTs?: number | undefined;
}

/** Many messages in one row, identified by `log` and `seq`. */
export interface MessageSegment {
  /** Name of the log. */
  readonly log: string;
  /** Grows with each segment of a log. */
  readonly seq: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Terms by which the segment is found. They are not transformed. */
  readonly head: Uint8Array;
  /** The entries of the segment, encoded. */
  readonly payload: Uint8Array;
}

/** A segment without its bytes. */
export interface SegmentSummary {
  /** Number of the segment within its log. */
  readonly seq: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Stored bytes of head and payload. */
  readonly bytes: number;
}

/** Reads of protocol state. Bytes and arrays returned are the caller's own. */
export interface ProtocolReads {
  /** Ordered by device JID (`compareText`). */
  getSenderKeyDevices(group: string): Promise<SenderKeyDevice[]>;
  /** The mapping of a LID, `undefined` when it is unknown. */
  getLidMapping(lid: string): Promise<LidPnMapping | undefined>;
  /** The mapping of a phone number with the newest `createdAt`. Of equal dates, the one written last. */
  getPnMapping(phoneNumber: string): Promise<LidPnMapping | undefined>;
  /** As `getLidMapping`, in the order of `lids`, in as few queries as the backend's limits allow. */
  getLidMappings(lids: readonly string[]): Promise<(LidPnMapping | undefined)[]>;
  /** As `getPnMapping`, in the order of `phoneNumbers`, in as few queries as the backend's limits allow. */
  getPnMappings(phoneNumbers: readonly string[]): Promise<(LidPnMapping | undefined)[]>;
  /**
   * All mappings, newest `createdAt` first; of equal dates, the one written last first. Fetched page by page
   * while iterating.
   */
  getAllLidMappings(): AsyncIterable<LidPnMapping>;
  /** Whether exactly this key is stored for the message. False when none is. */
  hasSameBaseKey(address: string, messageId: string, key: Uint8Array): Promise<boolean>;
  /**
   * The device list of a user, `undefined` when it is unknown.
   *
   * @throws {CorruptError} When the stored list does not decode.
   */
  getDevices(user: string): Promise<DeviceListRecord | undefined>;
  /** As `getDevices`, in the order of `users`, in as few queries as the backend's limits allow. */
  getDevicesFor(users: readonly string[]): Promise<(DeviceListRecord | undefined)[]>;
  /** The metadata of a group as the client stored it, `undefined` when there is none. */
  getGroupMetadata(group: string): Promise<Uint8Array | undefined>;
  /** The trusted-contact token of a JID, `undefined` when there is none. */
  getTcToken(jid: string): Promise<TcTokenEntry | undefined>;
  /** Ascending (`compareText`). */
  getAllTcTokenJids(): Promise<string[]>;
  /** The payload of a sent message. `takeSentMessage` also removes it. */
  getSentMessage(chat: string, id: string): Promise<Uint8Array | undefined>;
  /** One undelivered message, `undefined` when it is not stored or was deleted. */
  getPendingInbound(chat: string, sender: string, id: string): Promise<PendingInbound | undefined>;
  /**
   * At most `limit` messages, the oldest first; of equal times, the one stored first. Storing a row again
   * keeps its position.
   */
  listPendingInbound(limit: number): Promise<PendingInbound[]>;
  /**
   * The secret of a message, `undefined` when none is stored.
   *
   * @throws {WrongLengthError} When the stored secret is not 32 bytes.
   */
  getMsgSecret(chat: string, sender: string, id: string): Promise<MsgSecret | undefined>;
  /** One segment with its bytes, `undefined` when it is not stored or has expired and was removed. */
  getMessageSegment(log: string, seq: number): Promise<MessageSegment | undefined>;
  /**
   * Segments of a log whose `head` contains `needle`, at most `limit`, the greatest `seq` first. One query;
   * the payloads of other segments are not read.
   */
  findMessageSegments(
    log: string,
    needle: Uint8Array,
    limit: number,
  ): Promise<Omit<MessageSegment, "log" | "head">[]>;
  /** At most `limit` segments of a log with a `seq` above `after`, ascending, without their bytes. */
  listMessageSegments(log: string, after: number, limit: number): Promise<SegmentSummary[]>;
}

/**
 * WhatsApp Web protocol state. Every setter is one durable commit.
 *
 * The `limit` of an expiry is the maximum number of rows to remove, 1 or more. Defaults to all. If the result
 * equals the limit, more rows may be left.
 */
export interface ProtocolStore extends ProtocolReads {
  /**
   * Stores whether each of these devices holds our sender key of the group. Other marks of the group stay.
   */
  setSenderKeyStatus(group: string, entries: readonly SenderKeyDevice[]): Promise<void>;
  /** Removes every mark of one group. */
  clearSenderKeyDevices(group: string): Promise<void>;
  /** Removes the rows of these devices in every group. */
  deleteSenderKeyDeviceRows(deviceJids: readonly string[]): Promise<void>;
  /** Removes the marks of all groups. */
  clearAllSenderKeyDevices(): Promise<void>;
  /** Stores one mapping in place of the one under its LID. */
  putLidMapping(entry: LidPnMapping): Promise<void>;
  /** Stores mappings, each in place of the one under its LID, in one commit. */
  putLidMappings(entries: readonly LidPnMapping[]): Promise<void>;
  /** Deletes the mappings of these LIDs. Unknown ones are skipped. */
  deleteLidMappings(lids: readonly string[]): Promise<void>;
  /**
   * Stores the base key that the session with `address` had at a message, with the time of the call, from
   * which it expires. At least 1 byte.
   */
  saveBaseKey(address: string, messageId: string, key: Uint8Array): Promise<void>;
  /** Deletes the base key of one message. Nothing happens when there is none. */
  deleteBaseKey(address: string, messageId: string): Promise<void>;
  /** Removes base keys saved at or before `cutoff` (Unix seconds) and returns their number. */
  deleteExpiredBaseKeys(cutoff: number, limit?: number): Promise<number>;
  /** Stores a device list in place of the one of its user. Timestamps are not compared. */
  updateDeviceList(record: DeviceListRecord): Promise<void>;
  /** As `updateDeviceList`, for many users in one commit. */
  updateDeviceLists(records: readonly DeviceListRecord[]): Promise<void>;
  /** Deletes the device list of a user: it is unknown from then on, and not empty. */
  deleteDevices(user: string): Promise<void>;
  /** Stores the metadata of a group, opaque bytes of the client, in place of what is stored. */
  putGroupMetadata(group: string, blob: Uint8Array): Promise<void>;
  /** Deletes the metadata of a group. Nothing happens when there is none. */
  deleteGroupMetadata(group: string): Promise<void>;
  /** Stores both halves of a token in place of what is stored, newer or not. See `storeReceivedTcToken`. */
  putTcToken(jid: string, entry: TcTokenEntry): Promise<void>;
  /** Stores a received token unless a newer one is stored. Keeps the sender timestamp. */
  storeReceivedTcToken(jid: string, token: Uint8Array, tokenTimestamp: number): Promise<void>;
  /** Moves the sender timestamp forward. Creates a placeholder with an empty token if there is none. */
  touchTcTokenSender(jid: string, senderTimestamp: number): Promise<void>;
  /** Deletes the token and the sender timestamp of a JID. */
  deleteTcToken(jid: string): Promise<void>;
  /**
   * Removes tokens of which both halves are stale (at or before their cutoff; a missing half is stale).
   * Returns their number.
   */
  deleteExpiredTcTokens(tokenCutoff: number, senderCutoff: number, limit?: number): Promise<number>;
  /** Stores the payload of a sent message, with the time of the call, from which it expires. */
  storeSentMessage(chat: string, id: string, payload: Uint8Array): Promise<void>;
  /** Reads and deletes a sent message. Exactly one of concurrent calls gets it. */
  takeSentMessage(chat: string, id: string): Promise<Uint8Array | undefined>;
  /** Removes messages stored at or before `cutoff` (Unix seconds) and returns their number. */
  deleteExpiredSentMessages(cutoff: number, limit?: number): Promise<number>;
  /**
   * Stores messages before they are handed over, in one commit. A row that is stored again keeps its
   * position.
   */
  storePendingInbound(rows: readonly PendingInbound[]): Promise<void>;
  /** Deletes messages that were handed over. Unknown ones are skipped. */
  deletePendingInbound(keys: readonly MessageRef[]): Promise<void>;
  /** Removes rows received at or before `cutoff` (Unix seconds) and returns their number. */
  deleteExpiredPendingInbound(cutoff: number, limit?: number): Promise<number>;
  /**
   * Stores secrets in one commit. Of a secret that is stored already, the later expiry and the later message
   * time stay.
   */
  putMsgSecrets(entries: readonly MsgSecretEntry[]): Promise<void>;
  /** Removes secrets with 0 < `expiresAt` ≤ `cutoff` and returns their number. */
  deleteExpiredMsgSecrets(cutoff: number, limit?: number): Promise<number>;
  /** Stores segments, each in place of the one with its log and `seq`. */
  putMessageSegments(segments: readonly MessageSegment[]): Promise<void>;
  /** Deletes segments by log and number. Unknown ones are skipped. */
  deleteMessageSegments(keys: readonly Pick<MessageSegment, "log" | "seq">[]): Promise<void>;
  /** Removes segments of every log with an `expiresAt` at or before `cutoff` and returns their number. */
  deleteExpiredMessageSegments(cutoff: number, limit?: number): Promise<number>;
}

/** The mutations of protocol state. See `Write`. */
export type ProtocolWrite =
  | {
      readonly kind: "senderKeyDevices.set";
      readonly group: string;
      readonly entries: readonly SenderKeyDevice[];
    }
  | { readonly kind: "senderKeyDevices.clear"; readonly group: string }
  | { readonly kind: "senderKeyDevices.deleteRows"; readonly deviceJids: readonly string[] }
  | { readonly kind: "senderKeyDevices.clearAll" }
  | { readonly kind: "lidMapping.put"; readonly entries: readonly LidPnMapping[] }
  | { readonly kind: "lidMapping.delete"; readonly lids: readonly string[] }
  | {
      readonly kind: "baseKey.put";
      readonly address: string;
      readonly messageId: string;
      readonly key: Uint8Array;
      readonly createdAt: number;
    }
  | { readonly kind: "baseKey.delete"; readonly address: string; readonly messageId: string }
  | { readonly kind: "baseKey.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "deviceList.put"; readonly records: readonly DeviceListRecord[] }
  | { readonly kind: "deviceList.delete"; readonly user: string }
  | { readonly kind: "groupMetadata.put"; readonly group: string; readonly blob: Uint8Array }
  | { readonly kind: "groupMetadata.delete"; readonly group: string }
  | { readonly kind: "tcToken.put"; readonly jid: string; readonly entry: TcTokenEntry }
  | {
      readonly kind: "tcToken.receive";
      readonly jid: string;
      readonly token: Uint8Array;
      readonly tokenTimestamp: number;
    }
  | { readonly kind: "tcToken.touchSender"; readonly jid: string; readonly senderTimestamp: number }
  | { readonly kind: "tcToken.delete"; readonly jid: string }
  | {
      readonly kind: "tcToken.expire";
      readonly tokenCutoff: number;
      readonly senderCutoff: number;
      readonly limit?: number | undefined;
    }
  | {
      readonly kind: "sentMessage.put";
      readonly chat: string;
      readonly id: string;
      readonly payload: Uint8Array;
      readonly createdAt: number;
    }
  | { readonly kind: "sentMessage.delete"; readonly chat: string; readonly id: string }
  | { readonly kind: "sentMessage.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "pendingInbound.put"; readonly rows: readonly PendingInbound[] }
  | { readonly kind: "pendingInbound.delete"; readonly keys: readonly MessageRef[] }
  | { readonly kind: "pendingInbound.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "msgSecret.put"; readonly entries: readonly MsgSecretEntry[] }
  | { readonly kind: "msgSecret.expire"; readonly cutoff: number; readonly limit?: number | undefined }
  | { readonly kind: "messageSegment.put"; readonly segments: readonly MessageSegment[] }
  | { readonly kind: "messageSegment.delete"; readonly keys: readonly Pick<MessageSegment, "log" | "seq">[] }
  | { readonly kind: "messageSegment.expire"; readonly cutoff: number; readonly limit?: number | undefined };
