import type { Backend, DeviceListRecord } from "../../backend/mod.ts";
import { collect, sampleBytes } from "./samples.ts";

/** A small world of keys. Random writes stay in it, so that reading all of it sees everything they did. */
export const ADDRESSES: readonly string[] = [
  "5511999990000@c.us.0",
  "5511999990000:7@c.us.0",
  "1000200030004@lid.0",
  "1000200030004:12@lid.0",
  "1000200030004:1@lid.0",
];
export const USERS: readonly string[] = ["5511999990000", "1000200030004", "1000", "120363000000000001"];
export const SENDER_KEY_NAMES: readonly string[] = [
  "120363000000000001@g.us:1000200030004@lid.0",
  "120363000000000001@g.us:5511999990000:7@c.us.0",
  "120363000000000002@g.us:1000200030004@lid.0",
];
export const KEY_IDS: readonly number[] = [1, 2, 3, 255, 256, 16_777_215];
export const SYNC_KEY_IDS: readonly Uint8Array[] = [[0], [0, 0], [1, 255], [255], [255, 0]].map(
  (bytes) => new Uint8Array(bytes),
);
export const COLLECTIONS: readonly string[] = ["critical_block", "regular", "regular_low"];
export const INDEX_MACS: readonly Uint8Array[] = [1, 2, 3, 4, 5].map((seed) => sampleBytes(seed, 32));
export const GROUPS: readonly string[] = ["120363000000000001@g.us", "120363000000000002@g.us"];
export const DEVICE_JIDS: readonly string[] = [
  "1000:1@lid",
  "1000:10@lid",
  "1000@lid",
  "🙂@lid",
  "\uffff@lid",
];
export const LIDS: readonly string[] = ["1000", "1001", "1002", "1003", "100"];
export const PHONES: readonly string[] = ["5511", "5512", "551"];
export const CHATS: readonly string[] = ["5511@s.whatsapp.net", "120363000000000001@g.us"];
export const SENDERS: readonly string[] = ["1000@lid", "1001@lid"];
export const MESSAGE_IDS: readonly string[] = ["3EB0A", "3EB0B"];
export const BASE_KEYS: readonly Uint8Array[] = [11, 12].map((seed) => sampleBytes(seed, 33));

/** Everything that can be read of the universe, as plain data. */
export type Contents = Readonly<Record<string, unknown>>;

/** Reads the whole universe, by as many different methods as there are. */
export async function readAll(backend: Backend): Promise<Contents> {
  return {
    ...(await readSignal(backend)),
    ...(await readAppSync(backend)),
    ...(await readRelations(backend)),
    ...(await readMessages(backend)),
    exists: await backend.exists(),
    device: await backend.load(),
  };
}

async function readSignal(backend: Backend): Promise<Contents> {
  return {
    identities: await each(ADDRESSES, (address) => backend.loadIdentity(address)),
    sessions: await backend.getSessions(ADDRESSES),
    sessionRows: await backend.loadSessionRows(ADDRESSES),
    senderKeyRows: await each(SENDER_KEY_NAMES, (name) => backend.loadSenderKeyRow(name)),
    quarantined: await backend.listQuarantined(),
    hasSession: await each(ADDRESSES, (address) => backend.hasSession(address)),
    hasState: await each(USERS, (user) => backend.hasSignalStateForUser(user)),
    addresses: await backend.listSignalAddresses(USERS),
    preKeys: await backend.loadPreKeys(KEY_IDS),
    maxPreKeyId: await backend.getMaxPreKeyId(),
    signedPreKeys: await backend.loadAllSignedPreKeys(),
    senderKeys: await each(SENDER_KEY_NAMES, (name) => backend.getSenderKey(name)),
  };
}

async function readAppSync(backend: Backend): Promise<Contents> {
  return {
    syncKeys: await each(SYNC_KEY_IDS, (keyId) => backend.getSyncKey(keyId)),
    latestSyncKeyId: await backend.getLatestSyncKeyId(),
    versions: await each(COLLECTIONS, (name) => backend.getVersion(name)),
    macs: await each(COLLECTIONS, (name) => backend.getMutationMacs(name, INDEX_MACS)),
  };
}

async function readRelations(backend: Backend): Promise<Contents> {
  const lists = await backend.getDevicesFor([...LIDS, ...PHONES]);
  return {
    senderKeyDevices: await each(GROUPS, (group) => backend.getSenderKeyDevices(group)),
    byLid: await backend.getLidMappings(LIDS),
    byPhone: await backend.getPnMappings(PHONES),
    allMappings: await collect(backend.getAllLidMappings()),
    deviceLists: lists.map((list) => (list === undefined ? undefined : withoutDefaults(list))),
    groupMetadata: await each(GROUPS, (group) => backend.getGroupMetadata(group)),
    tcTokens: await each(SENDERS, (jid) => backend.getTcToken(jid)),
    tcTokenJids: await backend.getAllTcTokenJids(),
  };
}

async function readMessages(backend: Backend): Promise<Contents> {
  const chatIds = CHATS.flatMap((chat) => MESSAGE_IDS.map((id) => ({ chat, id })));
  const messageRefs = chatIds.flatMap((key) => SENDERS.map((sender) => ({ ...key, sender })));
  const baseKeys = ADDRESSES.slice(0, 2).flatMap((address) =>
    MESSAGE_IDS.flatMap((id) => BASE_KEYS.map((key) => ({ address, id, key }))),
  );
  return {
    baseKeys: await each(baseKeys, ({ address, id, key }) => backend.hasSameBaseKey(address, id, key)),
    sent: await each(chatIds, ({ chat, id }) => backend.getSentMessage(chat, id)),
    pending: await backend.listPendingInbound(100),
    secrets: await each(messageRefs, ({ chat, sender, id }) => backend.getMsgSecret(chat, sender, id)),
  };
}

/** `isHosted: false` and no `isHosted` mean the same. */
export function withoutDefaults(record: DeviceListRecord): DeviceListRecord {
  const devices = record.devices.map(({ deviceId, keyIndex, isHosted }) => ({
    deviceId,
    keyIndex,
    isHosted: isHosted === true,
  }));
  return { ...record, devices };
}

async function each<T, R>(items: readonly T[], read: (item: T) => Promise<R>): Promise<R[]> {
  return await Promise.all(items.map(read));
}
