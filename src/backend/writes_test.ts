import { expect, test } from "vitest";
import type { AppSyncStore } from "./app_sync_store.ts";
import type { DeviceStore } from "./device_store.ts";
import type { ProtocolStore } from "./protocol_store.ts";
import type { Setter, SetterName, SettersOf } from "./setter.ts";
import type { SignalStore } from "./signal_store.ts";
import type { WriteKind, WriteOf } from "./write.ts";
import { SETTERS } from "./writes.ts";

type Fields<K extends WriteKind> = readonly (keyof WriteOf<K>)[];

/** The types of some fields of a write. */
type TypesOf<K extends WriteKind, F extends Fields<K>> = {
  -readonly [Index in keyof F]: WriteOf<K>[F[Index]];
};

/** A setter whose arguments are fields of the write, in order. */
function setter<K extends WriteKind, const F extends Fields<K>>(
  kind: K,
  ...fields: F
): Setter<TypesOf<K, F>, void> {
  return { kind, fields: fields as readonly string[], single: false, stamp: undefined, counts: false };
}

/** As `setter`, with a field that receives the time of the call. */
function stamped<K extends WriteKind, const F extends Fields<K>>(
  kind: K,
  stamp: keyof WriteOf<K> & string,
  ...fields: F
): Setter<TypesOf<K, F>, void> {
  return { ...setter(kind, ...fields), stamp };
}

/** As `setter`, and resolves with the number of rows that changed. */
function counting<K extends WriteKind, const F extends Fields<K>>(
  kind: K,
  ...fields: F
): Setter<TypesOf<K, F>, number> {
  return { kind, fields: fields as readonly string[], single: false, stamp: undefined, counts: true };
}

/** A setter whose argument becomes the only item of a list. */
function single<K extends WriteKind, const F extends keyof WriteOf<K> & string>(
  kind: K,
  field: F,
): Setter<[item: WriteOf<K>[F] extends readonly (infer Item)[] ? Item : never], void> {
  return { kind, fields: [field], single: true, stamp: undefined, counts: false };
}

const SIGNAL: SettersOf<Exclude<SetterName & keyof SignalStore, "storePreKeys">> = {
  putIdentity: setter("identity.put", "address", "key"),
  deleteIdentity: setter("identity.delete", "address"),
  putSession: setter("session.put", "address", "record", "lease"),
  deleteSession: setter("session.delete", "address"),
  storePreKey: setter("preKey.put", "id", "record", "uploaded"),
  markPreKeysUploaded: setter("preKey.markUploaded", "ids"),
  removePreKey: setter("preKey.remove", "id"),
  storeSignedPreKey: setter("signedPreKey.put", "id", "record"),
  removeSignedPreKey: setter("signedPreKey.remove", "id"),
  putSenderKey: setter("senderKey.put", "name", "record", "lease"),
  deleteSenderKey: setter("senderKey.delete", "name"),
  quarantine: setter("quarantine.put", "store", "address", "record", "reason"),
};

const APP_SYNC: SettersOf<SetterName & keyof AppSyncStore> = {
  setSyncKey: setter("syncKey.put", "keyId", "key"),
  deleteSyncKey: setter("syncKey.delete", "keyId"),
  setVersion: setter("syncVersion.put", "name", "state"),
  patchVersion: setter("syncVersion.patch", "name", "patch"),
  deleteVersion: setter("syncVersion.delete", "name"),
  deleteStaleIndexValues: counting("syncVersion.sweep", "limit"),
  putMutationMacs: setter("mutationMacs.put", "name", "version", "macs"),
  deleteMutationMacs: setter("mutationMacs.delete", "name", "indexMacs"),
  clearMutationMacs: setter("mutationMacs.clear", "name"),
};

const PROTOCOL: SettersOf<Exclude<SetterName & keyof ProtocolStore, "takeSentMessage">> = {
  setSenderKeyStatus: setter("senderKeyDevices.set", "group", "entries"),
  clearSenderKeyDevices: setter("senderKeyDevices.clear", "group"),
  deleteSenderKeyDeviceRows: setter("senderKeyDevices.deleteRows", "deviceJids"),
  clearAllSenderKeyDevices: setter("senderKeyDevices.clearAll"),
  putLidMapping: single("lidMapping.put", "entries"),
  putLidMappings: setter("lidMapping.put", "entries"),
  deleteLidMappings: setter("lidMapping.delete", "lids"),
  saveBaseKey: stamped("baseKey.put", "createdAt", "address", "messageId", "key"),
  deleteBaseKey: setter("baseKey.delete", "address", "messageId"),
  deleteExpiredBaseKeys: counting("baseKey.expire", "cutoff", "limit"),
  updateDeviceList: single("deviceList.put", "records"),
  updateDeviceLists: setter("deviceList.put", "records"),
  deleteDevices: setter("deviceList.delete", "user"),
  putGroupMetadata: setter("groupMetadata.put", "group", "blob"),
  deleteGroupMetadata: setter("groupMetadata.delete", "group"),
  putTcToken: setter("tcToken.put", "jid", "entry"),
  storeReceivedTcToken: setter("tcToken.receive", "jid", "token", "tokenTimestamp"),
  touchTcTokenSender: setter("tcToken.touchSender", "jid", "senderTimestamp"),
  deleteTcToken: setter("tcToken.delete", "jid"),
  deleteExpiredTcTokens: counting("tcToken.expire", "tokenCutoff", "senderCutoff", "limit"),
  storeSentMessage: stamped("sentMessage.put", "createdAt", "chat", "id", "payload"),
  deleteExpiredSentMessages: counting("sentMessage.expire", "cutoff", "limit"),
  storePendingInbound: setter("pendingInbound.put", "rows"),
  deletePendingInbound: setter("pendingInbound.delete", "keys"),
  deleteExpiredPendingInbound: counting("pendingInbound.expire", "cutoff", "limit"),
  putMsgSecrets: setter("msgSecret.put", "entries"),
  deleteExpiredMsgSecrets: counting("msgSecret.expire", "cutoff", "limit"),
  putMessageSegments: setter("messageSegment.put", "segments"),
  deleteMessageSegments: setter("messageSegment.delete", "keys"),
  deleteExpiredMessageSegments: counting("messageSegment.expire", "cutoff", "limit"),
};

const DEVICE: SettersOf<SetterName & keyof DeviceStore> = {
  save: setter("device.save", "device"),
  clearAccount: setter("account.clear"),
  deleteAccount: setter("account.delete", "accountId"),
  setAside: setter("account.setAside", "id", "until", "keeps", "heldBy"),
  bringBack: setter("account.bringBack", "id"),
  deleteExpiredSetAside: counting("account.expireSetAside", "cutoff"),
};

// The types of the rows are those of the stores' methods: what is derived from the writes must be the same.
test("SETTERS are the rows", () => {
  expect(SETTERS).toEqual({ ...SIGNAL, ...APP_SYNC, ...PROTOCOL, ...DEVICE });
});
