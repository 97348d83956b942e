import {
  type Device,
  LEARNING_SOURCES,
  type Lease,
  type LidPnMapping,
  type MessageRef,
  type TcTokenEntry,
  type Write,
  type WriteKind,
  type WriteOf,
} from "../../backend/mod.ts";
import type { SeededRandom } from "../seeded_random.ts";
import { freshDevice, fullDevice } from "./samples.ts";
import {
  ADDRESSES,
  BASE_KEYS,
  CHATS,
  COLLECTIONS,
  DEVICE_JIDS,
  GROUPS,
  INDEX_MACS,
  KEY_IDS,
  LIDS,
  MESSAGE_IDS,
  PHONES,
  SENDER_KEY_NAMES,
  SENDERS,
  SYNC_KEY_IDS,
} from "./universe.ts";

/** Where random writes come from. */
export interface Draw {
  readonly random: SeededRandom;
  /** The time by which rows are stamped, in Unix seconds. */
  readonly nowS: number;
}

type Samples = { readonly [K in WriteKind]: (draw: Draw) => WriteOf<K> };

/** A device id that no account has. */
const NO_ACCOUNT = 2 ** 40;

/** One entry for each kind of write: a new kind does not compile until the kit draws it. */
const SAMPLES: Samples = {
  "identity.put": ({ random }) => ({
    kind: "identity.put",
    address: random.pick(ADDRESSES),
    key: random.bytes(32),
  }),
  "identity.delete": ({ random }) => ({ kind: "identity.delete", address: random.pick(ADDRESSES) }),
  "session.put": ({ random }) => ({
    kind: "session.put",
    address: random.pick(ADDRESSES),
    record: blob(random, 1),
    lease: lease(random),
  }),
  "session.delete": ({ random }) => ({ kind: "session.delete", address: random.pick(ADDRESSES) }),
  "preKey.put": ({ random }) => ({
    kind: "preKey.put",
    id: random.pick(KEY_IDS),
    record: blob(random, 1),
    uploaded: random.oneIn(2),
  }),
  "preKey.markUploaded": ({ random }) => ({ kind: "preKey.markUploaded", ids: some(random, KEY_IDS) }),
  "preKey.remove": ({ random }) => ({ kind: "preKey.remove", id: random.pick(KEY_IDS) }),
  "signedPreKey.put": ({ random }) => ({
    kind: "signedPreKey.put",
    id: random.pick(KEY_IDS),
    record: blob(random, 1),
  }),
  "signedPreKey.remove": ({ random }) => ({ kind: "signedPreKey.remove", id: random.pick(KEY_IDS) }),
  "senderKey.put": ({ random }) => ({
    kind: "senderKey.put",
    name: random.pick(SENDER_KEY_NAMES),
    record: blob(random, 1),
    lease: lease(random),
  }),
  "quarantine.put": ({ random }) => ({
    kind: "quarantine.put",
    store: random.pick(["session", "senderKey"] as const),
    address: random.pick(ADDRESSES),
    record: blob(random, 0),
    reason: random.pick(["undecodable", "wrong-length", "lease"] as const),
  }),
  "senderKey.delete": ({ random }) => ({ kind: "senderKey.delete", name: random.pick(SENDER_KEY_NAMES) }),
  "syncKey.put": ({ random }) => ({
    kind: "syncKey.put",
    keyId: random.pick(SYNC_KEY_IDS),
    key: { keyData: blob(random, 1), fingerprint: blob(random, 0), timestamp: random.below(5) },
  }),
  "syncKey.delete": ({ random }) => ({ kind: "syncKey.delete", keyId: random.pick(SYNC_KEY_IDS) }),
  "syncVersion.put": ({ random }) => ({
    kind: "syncVersion.put",
    name: random.pick(COLLECTIONS),
    state: {
      version: (BigInt(random.uint32()) << 32n) | BigInt(random.uint32()),
      hash: random.bytes(128),
      indexValueMap: new Map(some(random, MESSAGE_IDS).map((index) => [index, blob(random, 1)])),
      macMismatchFatal: random.oneIn(2),
    },
  }),
  "syncVersion.delete": ({ random }) => ({ kind: "syncVersion.delete", name: random.pick(COLLECTIONS) }),
  "mutationMacs.put": ({ random }) => ({
    kind: "mutationMacs.put",
    name: random.pick(COLLECTIONS),
    version: BigInt(random.uint32()),
    macs: some(random, INDEX_MACS).map((indexMac) => ({ indexMac, valueMac: random.bytes(32) })),
  }),
  "mutationMacs.delete": ({ random }) => ({
    kind: "mutationMacs.delete",
    name: random.pick(COLLECTIONS),
    indexMacs: some(random, INDEX_MACS),
  }),
  "mutationMacs.clear": ({ random }) => ({ kind: "mutationMacs.clear", name: random.pick(COLLECTIONS) }),
  "senderKeyDevices.set": ({ random }) => ({
    kind: "senderKeyDevices.set",
    group: random.pick(GROUPS),
    entries: some(random, DEVICE_JIDS).map((jid) => [jid, random.oneIn(2)] as const),
  }),
  "senderKeyDevices.clear": ({ random }) => ({ kind: "senderKeyDevices.clear", group: random.pick(GROUPS) }),
  "senderKeyDevices.deleteRows": ({ random }) => ({
    kind: "senderKeyDevices.deleteRows",
    deviceJids: some(random, DEVICE_JIDS),
  }),
  "senderKeyDevices.clearAll": () => ({ kind: "senderKeyDevices.clearAll" }),
  "lidMapping.put": ({ random }) => ({
    kind: "lidMapping.put",
    entries: some(random, LIDS).map((lid) => mapping(random, lid)),
  }),
  "lidMapping.delete": ({ random }) => ({ kind: "lidMapping.delete", lids: some(random, LIDS) }),
  "baseKey.put": ({ random, nowS }) => ({
    kind: "baseKey.put",
    address: random.pick(ADDRESSES.slice(0, 2)),
    messageId: random.pick(MESSAGE_IDS),
    key: random.pick(BASE_KEYS),
    createdAt: nowS,
  }),
  "baseKey.delete": ({ random }) => ({
    kind: "baseKey.delete",
    address: random.pick(ADDRESSES.slice(0, 2)),
    messageId: random.pick(MESSAGE_IDS),
  }),
  "baseKey.expire": (draw) => ({ kind: "baseKey.expire", cutoff: recently(draw) }),
  "deviceList.put": ({ random }) => ({
    kind: "deviceList.put",
    records: some(random, [...LIDS, ...PHONES]).map((user) => ({
      user,
      devices: [0, 1, 99].slice(0, random.below(4)).map((deviceId) => ({
        deviceId,
        keyIndex: random.oneIn(2) ? undefined : random.below(3),
        isHosted: random.oneIn(2) ? undefined : random.oneIn(2),
      })),
      timestamp: random.below(2 ** 31),
      phash: random.oneIn(2) ? undefined : "2:abc",
      rawId: random.oneIn(2) ? undefined : random.below(2),
    })),
  }),
  "deviceList.delete": ({ random }) => ({ kind: "deviceList.delete", user: random.pick(LIDS) }),
  "groupMetadata.put": ({ random }) => ({
    kind: "groupMetadata.put",
    group: random.pick(GROUPS),
    blob: blob(random, 0),
  }),
  "groupMetadata.delete": ({ random }) => ({ kind: "groupMetadata.delete", group: random.pick(GROUPS) }),
  "tcToken.put": ({ random }) => ({ kind: "tcToken.put", jid: random.pick(SENDERS), entry: token(random) }),
  "tcToken.receive": ({ random }) => ({
    kind: "tcToken.receive",
    jid: random.pick(SENDERS),
    token: blob(random, 1),
    tokenTimestamp: random.below(5),
  }),
  "tcToken.touchSender": ({ random }) => ({
    kind: "tcToken.touchSender",
    jid: random.pick(SENDERS),
    senderTimestamp: 1 + random.below(5),
  }),
  "tcToken.delete": ({ random }) => ({ kind: "tcToken.delete", jid: random.pick(SENDERS) }),
  "tcToken.expire": ({ random }) => ({
    kind: "tcToken.expire",
    tokenCutoff: random.below(5),
    senderCutoff: random.below(5),
  }),
  "sentMessage.put": ({ random, nowS }) => ({
    kind: "sentMessage.put",
    chat: random.pick(CHATS),
    id: random.pick(MESSAGE_IDS),
    payload: blob(random, 0),
    createdAt: nowS,
  }),
  "sentMessage.delete": ({ random }) => ({
    kind: "sentMessage.delete",
    chat: random.pick(CHATS),
    id: random.pick(MESSAGE_IDS),
  }),
  "sentMessage.expire": (draw) => ({ kind: "sentMessage.expire", cutoff: recently(draw) }),
  "pendingInbound.put": ({ random }) => ({
    kind: "pendingInbound.put",
    rows: messageRefs(random).map((key) => ({
      ...key,
      payload: blob(random, 0),
      receivedAt: random.below(4),
    })),
  }),
  "pendingInbound.delete": ({ random }) => ({ kind: "pendingInbound.delete", keys: messageRefs(random) }),
  "pendingInbound.expire": ({ random }) => ({ kind: "pendingInbound.expire", cutoff: random.below(2) }),
  "msgSecret.put": ({ random }) => ({
    kind: "msgSecret.put",
    entries: messageRefs(random).map((key) => ({
      ...key,
      secret: random.bytes(32),
      expiresAt: random.below(5),
      messageTs: random.below(5),
    })),
  }),
  "msgSecret.expire": ({ random }) => ({ kind: "msgSecret.expire", cutoff: random.below(4) }),
  "device.save": ({ random }) => ({ kind: "device.save", device: device(random) }),
  "account.delete": () => ({ kind: "account.delete", accountId: NO_ACCOUNT }),
};

/** Every kind of write. */
export const WRITE_KINDS: readonly WriteKind[] = Object.keys(SAMPLES) as WriteKind[];

/** Kinds that take rows away, or may. */
const REMOVING = /\.(delete|remove|clear|expire|deleteRows|clearAll)$/;

/** Kinds that put rows. */
export const PUTTING_KINDS: readonly WriteKind[] = WRITE_KINDS.filter((kind) => !REMOVING.test(kind));

/** A random write of one kind, within the universe. */
export function drawWrite(kind: WriteKind, draw: Draw): Write {
  return SAMPLES[kind](draw);
}

function blob(random: SeededRandom, minBytes: number): Uint8Array {
  return random.bytes(minBytes + random.below(40));
}

/** Zero to three of `items`; the same one may come twice. */
function some<T>(random: SeededRandom, items: readonly T[]): T[] {
  return Array.from({ length: random.below(4) }, () => random.pick(items));
}

function recently({ random, nowS }: Draw): number {
  return nowS - random.below(5);
}

function mapping(random: SeededRandom, lid: string): LidPnMapping {
  return {
    lid,
    phoneNumber: random.pick(PHONES),
    createdAt: random.below(3),
    updatedAt: random.below(2 ** 31),
    learningSource: random.pick(LEARNING_SOURCES),
  };
}

function token(random: SeededRandom): TcTokenEntry {
  return {
    token: blob(random, 1),
    tokenTimestamp: random.below(5),
    senderTimestamp: random.oneIn(2) ? undefined : 1 + random.below(5),
  };
}

function messageRefs(random: SeededRandom): MessageRef[] {
  return Array.from({ length: random.below(4) }, () => ({
    chat: random.pick(CHATS),
    sender: random.pick(SENDERS),
    id: random.pick(MESSAGE_IDS),
  }));
}

function device(random: SeededRandom): Device {
  const seed = random.below(1_000);
  return random.oneIn(2) ? fullDevice(seed) : freshDevice(seed);
}

/** A lease, or none. */
function lease(random: SeededRandom): Lease | undefined {
  if (random.oneIn(3)) return undefined;
  const incarnation = random.pick(["0", "a", "f"]).repeat(32);
  return { reservedUntil: random.below(100), incarnation, burned: random.below(3) };
}
