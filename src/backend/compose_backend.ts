import { ClosedError } from "../errors/mod.ts";
import type { AppSyncReads, AppSyncStore } from "./app_sync_store.ts";
import type { Backend, BackendCore, Capabilities, CommitOptions, OwnerState } from "./backend.ts";
import { type CreateBackendOptions, createBackend } from "./create_backend.ts";
import type { DeviceStore } from "./device_store.ts";
import type { ProtocolReads, ProtocolStore } from "./protocol_store.ts";
import type { SignalReads, SignalStore } from "./signal_store.ts";
import type { Write, WriteKind, WriteOf } from "./write.ts";

/** Four independent stores, and how to close them. */
export interface ComposedStores {
  readonly signal: SignalStore;
  readonly appSync: AppSyncStore;
  readonly protocol: ProtocolStore;
  readonly device: DeviceStore;
  /** Called once, when the composed backend is closed. */
  close?(): Promise<void>;
}

/** Largest value that a composed backend passes on, in bytes: the smallest limit among the platforms we know. */
const MAX_VALUE_BYTES = 2_000_000;

type Appliers = {
  readonly [K in WriteKind]: (stores: ComposedStores, write: WriteOf<K>) => Promise<unknown>;
};

/** How each kind of write becomes a call of a store. Times that a store stamps itself are its own. */
const APPLY: Appliers = {
  "identity.put": ({ signal }, write) => signal.putIdentity(write.address, write.key),
  "identity.delete": ({ signal }, write) => signal.deleteIdentity(write.address),
  "session.put": ({ signal }, write) => signal.putSession(write.address, write.record, write.lease),
  "session.delete": ({ signal }, write) => signal.deleteSession(write.address),
  "preKey.put": ({ signal }, write) => signal.storePreKey(write.id, write.record, write.uploaded),
  "preKey.markUploaded": ({ signal }, write) => signal.markPreKeysUploaded(write.ids),
  "preKey.remove": ({ signal }, write) => signal.removePreKey(write.id),
  "signedPreKey.put": ({ signal }, write) => signal.storeSignedPreKey(write.id, write.record),
  "signedPreKey.remove": ({ signal }, write) => signal.removeSignedPreKey(write.id),
  "senderKey.put": ({ signal }, write) => signal.putSenderKey(write.name, write.record, write.lease),
  "senderKey.delete": ({ signal }, write) => signal.deleteSenderKey(write.name),
  "quarantine.put": ({ signal }, write) =>
    signal.quarantine(write.store, write.address, write.record, write.reason),
  "syncKey.put": ({ appSync }, write) => appSync.setSyncKey(write.keyId, write.key),
  "syncKey.delete": ({ appSync }, write) => appSync.deleteSyncKey(write.keyId),
  "syncVersion.put": ({ appSync }, write) => appSync.setVersion(write.name, write.state),
  "syncVersion.delete": ({ appSync }, write) => appSync.deleteVersion(write.name),
  "mutationMacs.put": ({ appSync }, write) => appSync.putMutationMacs(write.name, write.version, write.macs),
  "mutationMacs.delete": ({ appSync }, write) => appSync.deleteMutationMacs(write.name, write.indexMacs),
  "mutationMacs.clear": ({ appSync }, write) => appSync.clearMutationMacs(write.name),
  "senderKeyDevices.set": ({ protocol }, write) => protocol.setSenderKeyStatus(write.group, write.entries),
  "senderKeyDevices.clear": ({ protocol }, write) => protocol.clearSenderKeyDevices(write.group),
  "senderKeyDevices.deleteRows": ({ protocol }, write) =>
    protocol.deleteSenderKeyDeviceRows(write.deviceJids),
  "senderKeyDevices.clearAll": ({ protocol }) => protocol.clearAllSenderKeyDevices(),
  "lidMapping.put": ({ protocol }, write) => protocol.putLidMappings(write.entries),
  "lidMapping.delete": ({ protocol }, write) => protocol.deleteLidMappings(write.lids),
  "baseKey.put": ({ protocol }, write) => protocol.saveBaseKey(write.address, write.messageId, write.key),
  "baseKey.delete": ({ protocol }, write) => protocol.deleteBaseKey(write.address, write.messageId),
  "baseKey.expire": ({ protocol }, write) => protocol.deleteExpiredBaseKeys(write.cutoff, write.limit),
  "deviceList.put": ({ protocol }, write) => protocol.updateDeviceLists(write.records),
  "deviceList.delete": ({ protocol }, write) => protocol.deleteDevices(write.user),
  "groupMetadata.put": ({ protocol }, write) => protocol.putGroupMetadata(write.group, write.blob),
  "groupMetadata.delete": ({ protocol }, write) => protocol.deleteGroupMetadata(write.group),
  "tcToken.put": ({ protocol }, write) => protocol.putTcToken(write.jid, write.entry),
  "tcToken.receive": ({ protocol }, write) =>
    protocol.storeReceivedTcToken(write.jid, write.token, write.tokenTimestamp),
  "tcToken.touchSender": ({ protocol }, write) =>
    protocol.touchTcTokenSender(write.jid, write.senderTimestamp),
  "tcToken.delete": ({ protocol }, write) => protocol.deleteTcToken(write.jid),
  "tcToken.expire": ({ protocol }, write) =>
    protocol.deleteExpiredTcTokens(write.tokenCutoff, write.senderCutoff, write.limit),
  "sentMessage.put": ({ protocol }, write) => protocol.storeSentMessage(write.chat, write.id, write.payload),
  "sentMessage.delete": async ({ protocol }, write) =>
    (await protocol.takeSentMessage(write.chat, write.id)) === undefined ? 0 : 1,
  "sentMessage.expire": ({ protocol }, write) =>
    protocol.deleteExpiredSentMessages(write.cutoff, write.limit),
  "pendingInbound.put": ({ protocol }, write) => protocol.storePendingInbound(write.rows),
  "pendingInbound.delete": ({ protocol }, write) => protocol.deletePendingInbound(write.keys),
  "pendingInbound.expire": ({ protocol }, write) =>
    protocol.deleteExpiredPendingInbound(write.cutoff, write.limit),
  "msgSecret.put": ({ protocol }, write) => protocol.putMsgSecrets(write.entries),
  "msgSecret.expire": ({ protocol }, write) => protocol.deleteExpiredMsgSecrets(write.cutoff, write.limit),
  "device.save": ({ device }, write) => device.save(write.device),
  "account.delete": ({ device }, write) => device.deleteAccount(write.accountId),
};

/**
 * Joins four separate store implementations into one backend. Each write becomes a call of its store, in order.
 *
 * Such a backend cannot promise what a transaction promises, and says so: `atomicCommit`, `fencing` and
 * `durableOnResolve` are false. A commit that fails half way leaves its first writes applied; every write is
 * idempotent, so committing the same list again is right. Rows changed are counted as 1 where a store does not tell.
 * Deleting an account and the snapshot reach only what the device store knows of.
 */
export function composeBackend(stores: ComposedStores, options: CreateBackendOptions = {}): Backend {
  return createBackend(new ComposedCore(stores), options);
}

class ComposedCore implements BackendCore {
  readonly capabilities: Capabilities = {
    atomicCommit: false,
    fencing: false,
    durableOnResolve: false,
    maxValueBytes: MAX_VALUE_BYTES,
    maxParameters: undefined,
  };
  readonly #stores: ComposedStores;
  #closed = false;

  constructor(stores: ComposedStores) {
    this.#stores = stores;
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    if (this.#closed) throw new ClosedError("commit: the backend is closed");
    if (options?.guard !== undefined) throw new TypeError("commit: a composed backend cannot check a guard");
    const changed: number[] = [];
    for (const write of writes) {
      const apply = APPLY[write.kind] as (stores: ComposedStores, write: Write) => Promise<unknown>;
      const rows = await apply(this.#stores, write);
      changed.push(typeof rows === "number" ? rows : 1);
    }
    return changed;
  }

  async readOwner(): Promise<OwnerState | undefined> {
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#stores.close?.();
  }

  loadIdentity(...args: Parameters<SignalReads["loadIdentity"]>): ReturnType<SignalReads["loadIdentity"]> {
    return this.#stores.signal.loadIdentity(...args);
  }

  getSession(...args: Parameters<SignalReads["getSession"]>): ReturnType<SignalReads["getSession"]> {
    return this.#stores.signal.getSession(...args);
  }

  getSessions(...args: Parameters<SignalReads["getSessions"]>): ReturnType<SignalReads["getSessions"]> {
    return this.#stores.signal.getSessions(...args);
  }

  hasSession(...args: Parameters<SignalReads["hasSession"]>): ReturnType<SignalReads["hasSession"]> {
    return this.#stores.signal.hasSession(...args);
  }

  hasSignalStateForUser(
    ...args: Parameters<SignalReads["hasSignalStateForUser"]>
  ): ReturnType<SignalReads["hasSignalStateForUser"]> {
    return this.#stores.signal.hasSignalStateForUser(...args);
  }

  listSignalAddresses(
    ...args: Parameters<SignalReads["listSignalAddresses"]>
  ): ReturnType<SignalReads["listSignalAddresses"]> {
    return this.#stores.signal.listSignalAddresses(...args);
  }

  loadPreKey(...args: Parameters<SignalReads["loadPreKey"]>): ReturnType<SignalReads["loadPreKey"]> {
    return this.#stores.signal.loadPreKey(...args);
  }

  loadPreKeys(...args: Parameters<SignalReads["loadPreKeys"]>): ReturnType<SignalReads["loadPreKeys"]> {
    return this.#stores.signal.loadPreKeys(...args);
  }

  getMaxPreKeyId(
    ...args: Parameters<SignalReads["getMaxPreKeyId"]>
  ): ReturnType<SignalReads["getMaxPreKeyId"]> {
    return this.#stores.signal.getMaxPreKeyId(...args);
  }

  loadSignedPreKey(
    ...args: Parameters<SignalReads["loadSignedPreKey"]>
  ): ReturnType<SignalReads["loadSignedPreKey"]> {
    return this.#stores.signal.loadSignedPreKey(...args);
  }

  loadAllSignedPreKeys(
    ...args: Parameters<SignalReads["loadAllSignedPreKeys"]>
  ): ReturnType<SignalReads["loadAllSignedPreKeys"]> {
    return this.#stores.signal.loadAllSignedPreKeys(...args);
  }

  getSenderKey(...args: Parameters<SignalReads["getSenderKey"]>): ReturnType<SignalReads["getSenderKey"]> {
    return this.#stores.signal.getSenderKey(...args);
  }

  loadSessionRow(
    ...args: Parameters<SignalReads["loadSessionRow"]>
  ): ReturnType<SignalReads["loadSessionRow"]> {
    return this.#stores.signal.loadSessionRow(...args);
  }

  loadSessionRows(
    ...args: Parameters<SignalReads["loadSessionRows"]>
  ): ReturnType<SignalReads["loadSessionRows"]> {
    return this.#stores.signal.loadSessionRows(...args);
  }

  loadSenderKeyRow(
    ...args: Parameters<SignalReads["loadSenderKeyRow"]>
  ): ReturnType<SignalReads["loadSenderKeyRow"]> {
    return this.#stores.signal.loadSenderKeyRow(...args);
  }

  loadSenderKeyRows(
    ...args: Parameters<SignalReads["loadSenderKeyRows"]>
  ): ReturnType<SignalReads["loadSenderKeyRows"]> {
    return this.#stores.signal.loadSenderKeyRows(...args);
  }

  loadIdentities(
    ...args: Parameters<SignalReads["loadIdentities"]>
  ): ReturnType<SignalReads["loadIdentities"]> {
    return this.#stores.signal.loadIdentities(...args);
  }

  listQuarantined(
    ...args: Parameters<SignalReads["listQuarantined"]>
  ): ReturnType<SignalReads["listQuarantined"]> {
    return this.#stores.signal.listQuarantined(...args);
  }

  getSyncKey(...args: Parameters<AppSyncReads["getSyncKey"]>): ReturnType<AppSyncReads["getSyncKey"]> {
    return this.#stores.appSync.getSyncKey(...args);
  }

  getLatestSyncKeyId(
    ...args: Parameters<AppSyncReads["getLatestSyncKeyId"]>
  ): ReturnType<AppSyncReads["getLatestSyncKeyId"]> {
    return this.#stores.appSync.getLatestSyncKeyId(...args);
  }

  getVersion(...args: Parameters<AppSyncReads["getVersion"]>): ReturnType<AppSyncReads["getVersion"]> {
    return this.#stores.appSync.getVersion(...args);
  }

  getMutationMac(
    ...args: Parameters<AppSyncReads["getMutationMac"]>
  ): ReturnType<AppSyncReads["getMutationMac"]> {
    return this.#stores.appSync.getMutationMac(...args);
  }

  getMutationMacs(
    ...args: Parameters<AppSyncReads["getMutationMacs"]>
  ): ReturnType<AppSyncReads["getMutationMacs"]> {
    return this.#stores.appSync.getMutationMacs(...args);
  }

  getSenderKeyDevices(
    ...args: Parameters<ProtocolReads["getSenderKeyDevices"]>
  ): ReturnType<ProtocolReads["getSenderKeyDevices"]> {
    return this.#stores.protocol.getSenderKeyDevices(...args);
  }

  getLidMapping(
    ...args: Parameters<ProtocolReads["getLidMapping"]>
  ): ReturnType<ProtocolReads["getLidMapping"]> {
    return this.#stores.protocol.getLidMapping(...args);
  }

  getPnMapping(
    ...args: Parameters<ProtocolReads["getPnMapping"]>
  ): ReturnType<ProtocolReads["getPnMapping"]> {
    return this.#stores.protocol.getPnMapping(...args);
  }

  getLidMappings(
    ...args: Parameters<ProtocolReads["getLidMappings"]>
  ): ReturnType<ProtocolReads["getLidMappings"]> {
    return this.#stores.protocol.getLidMappings(...args);
  }

  getPnMappings(
    ...args: Parameters<ProtocolReads["getPnMappings"]>
  ): ReturnType<ProtocolReads["getPnMappings"]> {
    return this.#stores.protocol.getPnMappings(...args);
  }

  getAllLidMappings(
    ...args: Parameters<ProtocolReads["getAllLidMappings"]>
  ): ReturnType<ProtocolReads["getAllLidMappings"]> {
    return this.#stores.protocol.getAllLidMappings(...args);
  }

  hasSameBaseKey(
    ...args: Parameters<ProtocolReads["hasSameBaseKey"]>
  ): ReturnType<ProtocolReads["hasSameBaseKey"]> {
    return this.#stores.protocol.hasSameBaseKey(...args);
  }

  getDevices(...args: Parameters<ProtocolReads["getDevices"]>): ReturnType<ProtocolReads["getDevices"]> {
    return this.#stores.protocol.getDevices(...args);
  }

  getDevicesFor(
    ...args: Parameters<ProtocolReads["getDevicesFor"]>
  ): ReturnType<ProtocolReads["getDevicesFor"]> {
    return this.#stores.protocol.getDevicesFor(...args);
  }

  getGroupMetadata(
    ...args: Parameters<ProtocolReads["getGroupMetadata"]>
  ): ReturnType<ProtocolReads["getGroupMetadata"]> {
    return this.#stores.protocol.getGroupMetadata(...args);
  }

  getTcToken(...args: Parameters<ProtocolReads["getTcToken"]>): ReturnType<ProtocolReads["getTcToken"]> {
    return this.#stores.protocol.getTcToken(...args);
  }

  getAllTcTokenJids(
    ...args: Parameters<ProtocolReads["getAllTcTokenJids"]>
  ): ReturnType<ProtocolReads["getAllTcTokenJids"]> {
    return this.#stores.protocol.getAllTcTokenJids(...args);
  }

  getSentMessage(
    ...args: Parameters<ProtocolReads["getSentMessage"]>
  ): ReturnType<ProtocolReads["getSentMessage"]> {
    return this.#stores.protocol.getSentMessage(...args);
  }

  getPendingInbound(
    ...args: Parameters<ProtocolReads["getPendingInbound"]>
  ): ReturnType<ProtocolReads["getPendingInbound"]> {
    return this.#stores.protocol.getPendingInbound(...args);
  }

  listPendingInbound(
    ...args: Parameters<ProtocolReads["listPendingInbound"]>
  ): ReturnType<ProtocolReads["listPendingInbound"]> {
    return this.#stores.protocol.listPendingInbound(...args);
  }

  getMsgSecret(
    ...args: Parameters<ProtocolReads["getMsgSecret"]>
  ): ReturnType<ProtocolReads["getMsgSecret"]> {
    return this.#stores.protocol.getMsgSecret(...args);
  }

  load(...args: Parameters<DeviceStore["load"]>): ReturnType<DeviceStore["load"]> {
    return this.#stores.device.load(...args);
  }

  exists(...args: Parameters<DeviceStore["exists"]>): ReturnType<DeviceStore["exists"]> {
    return this.#stores.device.exists(...args);
  }

  listAccounts(...args: Parameters<DeviceStore["listAccounts"]>): ReturnType<DeviceStore["listAccounts"]> {
    return this.#stores.device.listAccounts(...args);
  }

  snapshotDb(...args: Parameters<DeviceStore["snapshotDb"]>): ReturnType<DeviceStore["snapshotDb"]> {
    return this.#stores.device.snapshotDb(...args);
  }

  create(...args: Parameters<DeviceStore["create"]>): ReturnType<DeviceStore["create"]> {
    return this.#stores.device.create(...args);
  }
}
