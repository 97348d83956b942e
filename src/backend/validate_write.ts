import { ArgumentRangeError, ArgumentTypeError, RefusedError } from "../errors/mod.ts";
import { HASH_STATE_HASH_BYTES } from "./app_sync_store.ts";
import type { Capabilities } from "./backend.ts";
import type { Device } from "./device_store.ts";
import { MESSAGE_SECRET_BYTES, type MessageRef } from "./protocol_store.ts";
import { isLease, type Lease } from "./signal_rows.ts";
import { requireDevice } from "./validate_device.ts";
import {
  MAX_KEY_ID,
  requireBytes,
  requireExactBytes,
  requireInteger,
  requireOneOf,
  requireText,
  requireUint64,
} from "./validate_value.ts";
import type { Write, WriteKind, WriteOf } from "./write.ts";

/** Length of an identity key in bytes (X25519 public key without prefix). */
export const IDENTITY_KEY_BYTES = 32;

/** Greatest number that fits where the protocol has 32 bits. */
const MAX_UINT32 = 0xffff_ffff;

/** Most UTF-8 bytes of one UTF-16 code unit. */
const BYTES_PER_CODE_UNIT = 3;

/** Bytes around an entry of a map that is stored as one value. */
const ENTRY_OVERHEAD_BYTES = 16;

type Validators = { readonly [K in WriteKind]: (write: WriteOf<K>) => void };

function requireMessageRef(key: MessageRef): void {
  requireText("chat", key.chat);
  requireText("sender", key.sender);
  requireText("message id", key.id);
}

function requireKeyId(id: number): void {
  requireInteger("id", id, 1, MAX_KEY_ID);
}

function requireSeconds(what: string, value: number): void {
  requireInteger(what, value, 0, Number.MAX_SAFE_INTEGER);
}

function requireLease(lease: Lease | undefined): void {
  if (lease !== undefined && !isLease(lease)) throw new ArgumentRangeError("lease is malformed");
}

function requireAddress(write: { readonly address: string }): void {
  requireText("address", write.address);
}

function requireExpiry(write: { readonly cutoff: number; readonly limit?: number | undefined }): void {
  requireSeconds("cutoff", write.cutoff);
  requireRowLimit(write.limit);
}

function requireRowLimit(limit: number | undefined): void {
  if (limit !== undefined) requireInteger("limit", limit, 1, Number.MAX_SAFE_INTEGER);
}

/** One entry for each kind of write: a new kind does not compile until it says what it accepts. */
const VALIDATORS: Validators = {
  "identity.put": (write) => {
    requireAddress(write);
    requireExactBytes("key", write.key, IDENTITY_KEY_BYTES);
  },
  "identity.delete": requireAddress,
  "session.put": (write) => {
    requireAddress(write);
    requireBytes("record", write.record, 1);
    requireLease(write.lease);
  },
  "session.delete": requireAddress,
  "preKey.put": (write) => {
    requireKeyId(write.id);
    requireBytes("record", write.record, 1);
  },
  "preKey.markUploaded": (write) => write.ids.forEach(requireKeyId),
  "preKey.remove": (write) => requireKeyId(write.id),
  "signedPreKey.put": (write) => {
    requireKeyId(write.id);
    requireBytes("record", write.record, 1);
  },
  "signedPreKey.remove": (write) => requireKeyId(write.id),
  "senderKey.put": (write) => {
    requireText("name", write.name);
    requireBytes("record", write.record, 1);
    requireLease(write.lease);
  },
  "senderKey.delete": (write) => requireText("name", write.name),
  "quarantine.put": (write) => {
    requireAddress(write);
    requireBytes("record", write.record, 0);
    requireOneOf("store", write.store, ["session", "senderKey"]);
    requireOneOf("reason", write.reason, ["undecodable", "wrong-length", "lease"]);
  },
  "syncKey.put": (write) => {
    requireBytes("key id", write.keyId, 1);
    requireBytes("key data", write.key.keyData, 1);
    requireBytes("fingerprint", write.key.fingerprint, 0);
    requireSeconds("timestamp", write.key.timestamp);
  },
  "syncKey.delete": (write) => requireBytes("key id", write.keyId, 1),
  "syncVersion.put": (write) => {
    requireText("name", write.name);
    requireUint64("version", write.state.version);
    requireExactBytes("hash", write.state.hash, HASH_STATE_HASH_BYTES);
    for (const [index, value] of write.state.indexValueMap) {
      requireText("index", index);
      requireBytes("value MAC", value, 0);
    }
  },
  "syncVersion.delete": (write) => requireText("name", write.name),
  "mutationMacs.put": (write) => {
    requireText("name", write.name);
    requireUint64("version", write.version);
    for (const mac of write.macs) {
      requireBytes("index MAC", mac.indexMac, 1);
      requireBytes("value MAC", mac.valueMac, 1);
    }
  },
  "mutationMacs.delete": (write) => {
    requireText("name", write.name);
    for (const indexMac of write.indexMacs) requireBytes("index MAC", indexMac, 1);
  },
  "mutationMacs.clear": (write) => requireText("name", write.name),
  "senderKeyDevices.set": (write) => {
    requireText("group", write.group);
    for (const [deviceJid] of write.entries) requireText("device JID", deviceJid);
  },
  "senderKeyDevices.clear": (write) => requireText("group", write.group),
  "senderKeyDevices.deleteRows": (write) => {
    for (const deviceJid of write.deviceJids) requireText("device JID", deviceJid);
  },
  "senderKeyDevices.clearAll": () => {},
  "lidMapping.put": (write) => {
    for (const entry of write.entries) {
      requireText("LID", entry.lid);
      requireText("phone number", entry.phoneNumber);
      requireSeconds("created at", entry.createdAt);
      requireSeconds("updated at", entry.updatedAt);
      requireText("learning source", entry.learningSource);
    }
  },
  "lidMapping.delete": (write) => {
    for (const lid of write.lids) requireText("LID", lid);
  },
  "baseKey.put": (write) => {
    requireAddress(write);
    requireText("message id", write.messageId);
    requireBytes("base key", write.key, 1);
    requireSeconds("created at", write.createdAt);
  },
  "baseKey.delete": (write) => {
    requireAddress(write);
    requireText("message id", write.messageId);
  },
  "baseKey.expire": requireExpiry,
  "deviceList.put": (write) => {
    for (const record of write.records) {
      requireText("user", record.user);
      requireSeconds("timestamp", record.timestamp);
      for (const { deviceId, keyIndex } of record.devices) {
        requireInteger("device id", deviceId, 0, MAX_UINT32);
        if (keyIndex !== undefined) requireInteger("key index", keyIndex, 0, MAX_UINT32);
      }
      if (record.phash !== undefined) requireText("phash", record.phash);
      if (record.rawId !== undefined) requireInteger("raw id", record.rawId, 0, MAX_UINT32);
    }
  },
  "deviceList.delete": (write) => requireText("user", write.user),
  "groupMetadata.put": (write) => {
    requireText("group", write.group);
    requireBytes("group metadata", write.blob, 0);
  },
  "groupMetadata.delete": (write) => requireText("group", write.group),
  "tcToken.put": (write) => {
    requireText("JID", write.jid);
    requireBytes("token", write.entry.token, 0);
    requireSeconds("token timestamp", write.entry.tokenTimestamp);
    if (write.entry.senderTimestamp !== undefined)
      requireSeconds("sender timestamp", write.entry.senderTimestamp);
  },
  "tcToken.receive": (write) => {
    requireText("JID", write.jid);
    requireBytes("token", write.token, 1);
    requireSeconds("token timestamp", write.tokenTimestamp);
  },
  "tcToken.touchSender": (write) => {
    requireText("JID", write.jid);
    requireSeconds("sender timestamp", write.senderTimestamp);
  },
  "tcToken.delete": (write) => requireText("JID", write.jid),
  "tcToken.expire": (write) => {
    requireSeconds("token cutoff", write.tokenCutoff);
    requireSeconds("sender cutoff", write.senderCutoff);
    requireRowLimit(write.limit);
  },
  "sentMessage.put": (write) => {
    requireText("chat", write.chat);
    requireText("message id", write.id);
    requireBytes("payload", write.payload, 0);
    requireSeconds("created at", write.createdAt);
  },
  "sentMessage.delete": (write) => {
    requireText("chat", write.chat);
    requireText("message id", write.id);
  },
  "sentMessage.expire": requireExpiry,
  "pendingInbound.put": (write) => {
    for (const row of write.rows) {
      requireMessageRef(row);
      requireBytes("payload", row.payload, 0);
      requireSeconds("received at", row.receivedAt);
    }
  },
  "pendingInbound.delete": (write) => write.keys.forEach(requireMessageRef),
  "pendingInbound.expire": requireExpiry,
  "msgSecret.put": (write) => {
    for (const entry of write.entries) {
      requireMessageRef(entry);
      requireExactBytes("secret", entry.secret, MESSAGE_SECRET_BYTES);
      requireSeconds("expires at", entry.expiresAt);
      requireSeconds("message time", entry.messageTs);
    }
  },
  "msgSecret.expire": requireExpiry,
  "device.save": (write) => requireDevice(write.device),
  "account.delete": (write) => requireInteger("account id", write.accountId, 1, Number.MAX_SAFE_INTEGER),
};

/** An upper bound of what an entry of a map takes within the value that holds the map. */
function entryBytes(name: string, value: Uint8Array): number {
  return name.length * BYTES_PER_CODE_UNIT + value.byteLength + ENTRY_OVERHEAD_BYTES;
}

function largestDeviceValueBytes(device: Device): number {
  let extra = 0;
  for (const [name, value] of device.extra) extra += entryBytes(name, value);
  let account = 0;
  for (const [name, part] of Object.entries(device.account ?? {})) {
    if (part instanceof Uint8Array) account += entryBytes(name, part);
  }
  return Math.max(extra, account, device.edgeRoutingInfo?.byteLength ?? 0, device.nctSalt?.byteLength ?? 0);
}

/** Length in bytes of the largest single value that a write would store. */
function largestValueBytes(write: Write): number {
  switch (write.kind) {
    case "session.put":
    case "preKey.put":
    case "signedPreKey.put":
    case "senderKey.put":
    case "quarantine.put":
      return write.record.byteLength;
    case "groupMetadata.put":
      return write.blob.byteLength;
    case "sentMessage.put":
      return write.payload.byteLength;
    case "pendingInbound.put":
      return write.rows.reduce((most, row) => Math.max(most, row.payload.byteLength), 0);
    case "tcToken.put":
      return write.entry.token.byteLength;
    case "tcToken.receive":
      return write.token.byteLength;
    case "baseKey.put":
      return write.key.byteLength;
    case "syncKey.put":
      return write.key.keyData.byteLength + write.key.fingerprint.byteLength + write.keyId.byteLength;
    case "mutationMacs.put":
      return write.macs.reduce(
        (most, mac) => Math.max(most, mac.valueMac.byteLength, mac.indexMac.byteLength),
        0,
      );
    case "syncVersion.put": {
      let bytes = HASH_STATE_HASH_BYTES;
      for (const [index, value] of write.state.indexValueMap) bytes += entryBytes(index, value);
      return bytes;
    }
    case "deviceList.put":
      return write.records.reduce(
        (most, { devices }) => Math.max(most, devices.length * ENTRY_OVERHEAD_BYTES),
        0,
      );
    case "device.save":
      return largestDeviceValueBytes(write.device);
    default:
      return 0;
  }
}

/**
 * Checks one write before any of a commit is applied.
 *
 * @throws {TypeError} When a text or bytes field is malformed.
 * @throws {RangeError} When an id is out of range or a key has the wrong length.
 * @throws {RefusedError} When a value is larger than the backend can store.
 */
export function validateWrite(write: Write, capabilities: Capabilities, index = 0): void {
  const validate = VALIDATORS[write.kind] as ((write: Write) => void) | undefined;
  if (validate === undefined) throw new ArgumentTypeError(`commit: write ${index} has an unknown kind`);
  try {
    validate(write);
  } catch (error) {
    if (error instanceof ArgumentRangeError)
      throw new ArgumentRangeError(`${write.kind}: ${error.message}`, { cause: error });
    if (error instanceof ArgumentTypeError)
      throw new ArgumentTypeError(`${write.kind}: ${error.message}`, { cause: error });
    throw error;
  }
  const bytes = largestValueBytes(write);
  if (bytes > capabilities.maxValueBytes) {
    throw new RefusedError(
      `${write.kind}: value is ${bytes} bytes, the backend stores at most ${capabilities.maxValueBytes}`,
      {
        writeIndex: index,
      },
    );
  }
}
