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
  readonly lid: string;
  readonly phoneNumber: string;
  readonly createdAt: number;
  readonly updatedAt: number;
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
  readonly chat: string;
  readonly sender: string;
  readonly id: string;
}

/** A decrypted message that was not delivered to the client yet. */
export interface PendingInbound extends MessageRef {
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
  readonly log: string;
  /** Grows with each segment of a log. */
  readonly seq: number;
  /** Unix seconds. */
  readonly expiresAt: number;
  /** Terms by which the segment is found. They are not transformed. */
  readonly head: Uint8Array;
  readonly payload: Uint8Array;
}

/** A segment without its bytes. */
export interface SegmentSummary {
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
  hasSameBaseKey(address: string, messageId: string, key: Uint8Array): Promise<boolean>;
  /** @throws {CorruptError} When the stored list does not decode. */
  getDevices(user: string): Promise<DeviceListRecord | undefined>;
  /** As `getDevices`, in the order of `users`, in as few queries as the backend's limits allow. */
  getDevicesFor(users: readonly string[]): Promise<(DeviceListRecord | undefined)[]>;
  getGroupMetadata(group: string): Promise<Uint8Array | undefined>;
  getTcToken(jid: string): Promise<TcTokenEntry | undefined>;
  /** Ascending (`compareText`). */
  getAllTcTokenJids(): Promise<string[]>;
  /** The payload of a sent message. `takeSentMessage` also removes it. */
  getSentMessage(chat: string, id: string): Promise<Uint8Array | undefined>;
  getPendingInbound(chat: string, sender: string, id: string): Promise<PendingInbound | undefined>;
  /**
   * At most `limit` messages, the oldest first; of equal times, the one stored first. Storing a row again
   * keeps its position.
   */
  listPendingInbound(limit: number): Promise<PendingInbound[]>;
  /** @throws {WrongLengthError} When the stored secret is not 32 bytes. */
  getMsgSecret(chat: string, sender: string, id: string): Promise<MsgSecret | undefined>;
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
  setSenderKeyStatus(group: string, entries: readonly SenderKeyDevice[]): Promise<void>;
  clearSenderKeyDevices(group: string): Promise<void>;
  /** Removes the rows of these devices in every group. */
  deleteSenderKeyDeviceRows(deviceJids: readonly string[]): Promise<void>;
  clearAllSenderKeyDevices(): Promise<void>;
  putLidMapping(entry: LidPnMapping): Promise<void>;
  putLidMappings(entries: readonly LidPnMapping[]): Promise<void>;
  deleteLidMappings(lids: readonly string[]): Promise<void>;
  saveBaseKey(address: string, messageId: string, key: Uint8Array): Promise<void>;
  deleteBaseKey(address: string, messageId: string): Promise<void>;
  /** Removes base keys saved at or before `cutoff` (Unix seconds) and returns their number. */
  deleteExpiredBaseKeys(cutoff: number, limit?: number): Promise<number>;
  updateDeviceList(record: DeviceListRecord): Promise<void>;
  updateDeviceLists(records: readonly DeviceListRecord[]): Promise<void>;
  deleteDevices(user: string): Promise<void>;
  putGroupMetadata(group: string, blob: Uint8Array): Promise<void>;
  deleteGroupMetadata(group: string): Promise<void>;
  putTcToken(jid: string, entry: TcTokenEntry): Promise<void>;
  /** Stores a received token unless a newer one is stored. Keeps the sender timestamp. */
  storeReceivedTcToken(jid: string, token: Uint8Array, tokenTimestamp: number): Promise<void>;
  /** Moves the sender timestamp forward. Creates a placeholder with an empty token if there is none. */
  touchTcTokenSender(jid: string, senderTimestamp: number): Promise<void>;
  deleteTcToken(jid: string): Promise<void>;
  /**
   * Removes tokens of which both halves are stale (at or before their cutoff; a missing half is stale).
   * Returns their number.
   */
  deleteExpiredTcTokens(tokenCutoff: number, senderCutoff: number, limit?: number): Promise<number>;
  storeSentMessage(chat: string, id: string, payload: Uint8Array): Promise<void>;
  /** Reads and deletes a sent message. Exactly one of concurrent calls gets it. */
  takeSentMessage(chat: string, id: string): Promise<Uint8Array | undefined>;
  /** Removes messages stored at or before `cutoff` (Unix seconds) and returns their number. */
  deleteExpiredSentMessages(cutoff: number, limit?: number): Promise<number>;
  storePendingInbound(rows: readonly PendingInbound[]): Promise<void>;
  deletePendingInbound(keys: readonly MessageRef[]): Promise<void>;
  /** Removes rows received at or before `cutoff` (Unix seconds) and returns their number. */
  deleteExpiredPendingInbound(cutoff: number, limit?: number): Promise<number>;
  putMsgSecrets(entries: readonly MsgSecretEntry[]): Promise<void>;
  /** Removes secrets with 0 < `expiresAt` ≤ `cutoff` and returns their number. */
  deleteExpiredMsgSecrets(cutoff: number, limit?: number): Promise<number>;
  /** Stores segments, each in place of the one with its log and `seq`. */
  putMessageSegments(segments: readonly MessageSegment[]): Promise<void>;
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
