import { type Clock, nowSeconds, systemClock } from "../ports/mod.ts";
import type { DeviceListRecord, HashState, SyncKey } from "../records/mod.ts";
import type { AppSyncReads, CollectionName, MutationMac } from "./app_sync_store.ts";
import type { Backend, BackendCore, Capabilities, CommitOptions, Committer, OwnerState } from "./backend.ts";
import type { AccountSummary, DatabaseSnapshot, Device, DeviceReads } from "./device_store.ts";
import type {
  LidPnMapping,
  MessageRef,
  MsgSecretEntry,
  PendingInbound,
  ProtocolReads,
  SenderKeyDevice,
  TcTokenEntry,
} from "./protocol_store.ts";
import type {
  Lease,
  QuarantinedRecord,
  QuarantineReason,
  SignalRecordStore,
  SignalRow,
} from "./signal_rows.ts";
import type { PreKeyRow, SignalAddressEntry, SignalReads, SignedPreKeyRow } from "./signal_store.ts";
import { requireGuard } from "./validate_guard.ts";
import { requireBytes, requireInteger, requireText } from "./validate_value.ts";
import { validateWrite } from "./validate_write.ts";
import type { Write } from "./write.ts";

/** Most rows that one listing returns. */
const MAX_LIST_LIMIT = 10_000;

/** The reads of a backend, and the registration of its account. */
export type BackendReads = SignalReads &
  AppSyncReads &
  ProtocolReads &
  DeviceReads & { create(): Promise<number> };

/** Options of `createBackend` and `withCommitter`. */
export interface CreateBackendOptions {
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
}

/**
 * Makes a complete backend of the part that an author writes: reads and one `commit`.
 *
 * Arguments are checked here, once, in front of the implementation, and every setter becomes a commit of one write.
 * Closing the result closes the core.
 *
 * @example
 * ```ts
 * import { type Backend, type BackendCore, createBackend } from "@holdfast/store/backend";
 *
 * function publish(core: BackendCore): Backend {
 *   return createBackend(core);
 * }
 * ```
 */
export function createBackend(core: BackendCore, options: CreateBackendOptions = {}): Backend {
  return new CheckedBackend(core, core, options.clock ?? systemClock);
}

/**
 * The same reads with another way to commit: how a queue, fault injection, a journal or metrics wrap a backend.
 * Closing the result closes the committer, which decides what becomes of the backend.
 */
export function withCommitter(
  reads: BackendReads,
  committer: Committer,
  options: CreateBackendOptions = {},
): Backend {
  return new CheckedBackend(reads, committer, options.clock ?? systemClock);
}

class CheckedBackend implements Backend {
  readonly #reads: BackendReads;
  readonly #committer: Committer;
  readonly #clock: Clock;

  constructor(reads: BackendReads, committer: Committer, clock: Clock) {
    this.#reads = reads;
    this.#committer = committer;
    this.#clock = clock;
  }

  get capabilities(): Capabilities {
    return this.#committer.capabilities;
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    const { capabilities } = this.#committer;
    for (const [index, write] of writes.entries()) validateWrite(write, capabilities, index);
    if (options?.guard !== undefined) requireGuard(options.guard);
    return await this.#committer.commit(writes, options);
  }

  readOwner(): Promise<OwnerState | undefined> {
    return this.#committer.readOwner();
  }

  close(): Promise<void> {
    return this.#committer.close();
  }

  async #put(write: Write): Promise<void> {
    await this.commit([write]);
  }

  async #count(write: Write): Promise<number> {
    const [rows] = await this.commit([write]);
    return rows ?? 0;
  }

  // Reads

  async loadIdentity(address: string): Promise<Uint8Array | undefined> {
    requireText("address", address);
    return await this.#reads.loadIdentity(address);
  }

  async loadIdentities(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    for (const address of addresses) requireText("address", address);
    return await this.#reads.loadIdentities(addresses);
  }

  async getSession(address: string): Promise<Uint8Array | undefined> {
    requireText("address", address);
    return await this.#reads.getSession(address);
  }

  async getSessions(addresses: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    for (const address of addresses) requireText("address", address);
    return await this.#reads.getSessions(addresses);
  }

  async hasSession(address: string): Promise<boolean> {
    requireText("address", address);
    return await this.#reads.hasSession(address);
  }

  async hasSignalStateForUser(user: string): Promise<boolean> {
    requireText("user", user);
    return await this.#reads.hasSignalStateForUser(user);
  }

  async listSignalAddresses(users: readonly string[]): Promise<SignalAddressEntry[]> {
    for (const user of users) requireText("user", user);
    return await this.#reads.listSignalAddresses(users);
  }

  loadPreKey(id: number): Promise<Uint8Array | undefined> {
    return this.#reads.loadPreKey(id);
  }

  loadPreKeys(ids: readonly number[]): Promise<PreKeyRow[]> {
    return this.#reads.loadPreKeys(ids);
  }

  getMaxPreKeyId(): Promise<number> {
    return this.#reads.getMaxPreKeyId();
  }

  loadSignedPreKey(id: number): Promise<Uint8Array | undefined> {
    return this.#reads.loadSignedPreKey(id);
  }

  loadAllSignedPreKeys(): Promise<SignedPreKeyRow[]> {
    return this.#reads.loadAllSignedPreKeys();
  }

  async getSenderKey(name: string): Promise<Uint8Array | undefined> {
    requireText("name", name);
    return await this.#reads.getSenderKey(name);
  }

  async loadSessionRow(address: string): Promise<SignalRow | undefined> {
    requireText("address", address);
    return await this.#reads.loadSessionRow(address);
  }

  async loadSessionRows(addresses: readonly string[]): Promise<(SignalRow | undefined)[]> {
    for (const address of addresses) requireText("address", address);
    return await this.#reads.loadSessionRows(addresses);
  }

  async loadSenderKeyRow(name: string): Promise<SignalRow | undefined> {
    requireText("name", name);
    return await this.#reads.loadSenderKeyRow(name);
  }

  async loadSenderKeyRows(names: readonly string[]): Promise<(SignalRow | undefined)[]> {
    for (const name of names) requireText("name", name);
    return await this.#reads.loadSenderKeyRows(names);
  }

  listQuarantined(): Promise<QuarantinedRecord[]> {
    return this.#reads.listQuarantined();
  }

  async getSyncKey(keyId: Uint8Array): Promise<SyncKey | undefined> {
    requireBytes("key id", keyId, 0);
    return await this.#reads.getSyncKey(keyId);
  }

  getLatestSyncKeyId(): Promise<Uint8Array | undefined> {
    return this.#reads.getLatestSyncKeyId();
  }

  async getVersion(name: CollectionName): Promise<HashState> {
    requireText("name", name);
    return await this.#reads.getVersion(name);
  }

  async getMutationMac(name: CollectionName, indexMac: Uint8Array): Promise<Uint8Array | undefined> {
    requireText("name", name);
    requireBytes("index MAC", indexMac, 0);
    return await this.#reads.getMutationMac(name, indexMac);
  }

  async getMutationMacs(
    name: CollectionName,
    indexMacs: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]> {
    requireText("name", name);
    for (const indexMac of indexMacs) requireBytes("index MAC", indexMac, 0);
    return await this.#reads.getMutationMacs(name, indexMacs);
  }

  async getSenderKeyDevices(group: string): Promise<SenderKeyDevice[]> {
    requireText("group", group);
    return await this.#reads.getSenderKeyDevices(group);
  }

  async getLidMapping(lid: string): Promise<LidPnMapping | undefined> {
    requireText("LID", lid);
    return await this.#reads.getLidMapping(lid);
  }

  async getPnMapping(phoneNumber: string): Promise<LidPnMapping | undefined> {
    requireText("phone number", phoneNumber);
    return await this.#reads.getPnMapping(phoneNumber);
  }

  async getLidMappings(lids: readonly string[]): Promise<(LidPnMapping | undefined)[]> {
    for (const lid of lids) requireText("LID", lid);
    return await this.#reads.getLidMappings(lids);
  }

  async getPnMappings(phoneNumbers: readonly string[]): Promise<(LidPnMapping | undefined)[]> {
    for (const phoneNumber of phoneNumbers) requireText("phone number", phoneNumber);
    return await this.#reads.getPnMappings(phoneNumbers);
  }

  getAllLidMappings(): AsyncIterable<LidPnMapping> {
    return this.#reads.getAllLidMappings();
  }

  async hasSameBaseKey(address: string, messageId: string, key: Uint8Array): Promise<boolean> {
    requireText("address", address);
    requireText("message id", messageId);
    requireBytes("base key", key, 0);
    return await this.#reads.hasSameBaseKey(address, messageId, key);
  }

  async getDevices(user: string): Promise<DeviceListRecord | undefined> {
    requireText("user", user);
    return await this.#reads.getDevices(user);
  }

  async getDevicesFor(users: readonly string[]): Promise<(DeviceListRecord | undefined)[]> {
    for (const user of users) requireText("user", user);
    return await this.#reads.getDevicesFor(users);
  }

  async getGroupMetadata(group: string): Promise<Uint8Array | undefined> {
    requireText("group", group);
    return await this.#reads.getGroupMetadata(group);
  }

  async getTcToken(jid: string): Promise<TcTokenEntry | undefined> {
    requireText("JID", jid);
    return await this.#reads.getTcToken(jid);
  }

  getAllTcTokenJids(): Promise<string[]> {
    return this.#reads.getAllTcTokenJids();
  }

  async getSentMessage(chat: string, id: string): Promise<Uint8Array | undefined> {
    requireText("chat", chat);
    requireText("message id", id);
    return await this.#reads.getSentMessage(chat, id);
  }

  async getPendingInbound(chat: string, sender: string, id: string): Promise<PendingInbound | undefined> {
    requireText("chat", chat);
    requireText("sender", sender);
    requireText("message id", id);
    return await this.#reads.getPendingInbound(chat, sender, id);
  }

  async listPendingInbound(limit: number): Promise<PendingInbound[]> {
    requireInteger("limit", limit, 0, MAX_LIST_LIMIT);
    return await this.#reads.listPendingInbound(limit);
  }

  async getMsgSecret(chat: string, sender: string, id: string): ReturnType<ProtocolReads["getMsgSecret"]> {
    requireText("chat", chat);
    requireText("sender", sender);
    requireText("message id", id);
    return await this.#reads.getMsgSecret(chat, sender, id);
  }

  load(): Promise<Device | undefined> {
    return this.#reads.load();
  }

  exists(): Promise<boolean> {
    return this.#reads.exists();
  }

  listAccounts(): Promise<AccountSummary[]> {
    return this.#reads.listAccounts();
  }

  async snapshotDb(name: string, extra?: Uint8Array): Promise<DatabaseSnapshot> {
    requireText("snapshot name", name);
    return await this.#reads.snapshotDb(name, extra);
  }

  create(): Promise<number> {
    return this.#reads.create();
  }

  // Setters: each is one commit.

  putIdentity(address: string, key: Uint8Array): Promise<void> {
    return this.#put({ kind: "identity.put", address, key });
  }

  deleteIdentity(address: string): Promise<void> {
    return this.#put({ kind: "identity.delete", address });
  }

  putSession(address: string, record: Uint8Array, lease?: Lease): Promise<void> {
    return this.#put({ kind: "session.put", address, record, lease });
  }

  deleteSession(address: string): Promise<void> {
    return this.#put({ kind: "session.delete", address });
  }

  storePreKey(id: number, record: Uint8Array, uploaded: boolean): Promise<void> {
    return this.#put({ kind: "preKey.put", id, record, uploaded });
  }

  async storePreKeys(
    keys: readonly { readonly id: number; readonly record: Uint8Array }[],
    uploaded: boolean,
  ): Promise<void> {
    await this.commit(keys.map(({ id, record }): Write => ({ kind: "preKey.put", id, record, uploaded })));
  }

  markPreKeysUploaded(ids: readonly number[]): Promise<void> {
    return this.#put({ kind: "preKey.markUploaded", ids });
  }

  removePreKey(id: number): Promise<void> {
    return this.#put({ kind: "preKey.remove", id });
  }

  storeSignedPreKey(id: number, record: Uint8Array): Promise<void> {
    return this.#put({ kind: "signedPreKey.put", id, record });
  }

  removeSignedPreKey(id: number): Promise<void> {
    return this.#put({ kind: "signedPreKey.remove", id });
  }

  putSenderKey(name: string, record: Uint8Array, lease?: Lease): Promise<void> {
    return this.#put({ kind: "senderKey.put", name, record, lease });
  }

  deleteSenderKey(name: string): Promise<void> {
    return this.#put({ kind: "senderKey.delete", name });
  }

  quarantine(
    store: SignalRecordStore,
    address: string,
    record: Uint8Array,
    reason: QuarantineReason,
  ): Promise<void> {
    return this.#put({ kind: "quarantine.put", store, address, record, reason });
  }

  setSyncKey(keyId: Uint8Array, key: SyncKey): Promise<void> {
    return this.#put({ kind: "syncKey.put", keyId, key });
  }

  deleteSyncKey(keyId: Uint8Array): Promise<void> {
    return this.#put({ kind: "syncKey.delete", keyId });
  }

  setVersion(name: CollectionName, state: HashState): Promise<void> {
    return this.#put({ kind: "syncVersion.put", name, state });
  }

  deleteVersion(name: CollectionName): Promise<void> {
    return this.#put({ kind: "syncVersion.delete", name });
  }

  putMutationMacs(name: CollectionName, version: bigint, macs: readonly MutationMac[]): Promise<void> {
    return this.#put({ kind: "mutationMacs.put", name, version, macs });
  }

  deleteMutationMacs(name: CollectionName, indexMacs: readonly Uint8Array[]): Promise<void> {
    return this.#put({ kind: "mutationMacs.delete", name, indexMacs });
  }

  clearMutationMacs(name: CollectionName): Promise<void> {
    return this.#put({ kind: "mutationMacs.clear", name });
  }

  setSenderKeyStatus(group: string, entries: readonly SenderKeyDevice[]): Promise<void> {
    return this.#put({ kind: "senderKeyDevices.set", group, entries });
  }

  clearSenderKeyDevices(group: string): Promise<void> {
    return this.#put({ kind: "senderKeyDevices.clear", group });
  }

  deleteSenderKeyDeviceRows(deviceJids: readonly string[]): Promise<void> {
    return this.#put({ kind: "senderKeyDevices.deleteRows", deviceJids });
  }

  clearAllSenderKeyDevices(): Promise<void> {
    return this.#put({ kind: "senderKeyDevices.clearAll" });
  }

  putLidMapping(entry: LidPnMapping): Promise<void> {
    return this.#put({ kind: "lidMapping.put", entries: [entry] });
  }

  putLidMappings(entries: readonly LidPnMapping[]): Promise<void> {
    return this.#put({ kind: "lidMapping.put", entries });
  }

  deleteLidMappings(lids: readonly string[]): Promise<void> {
    return this.#put({ kind: "lidMapping.delete", lids });
  }

  saveBaseKey(address: string, messageId: string, key: Uint8Array): Promise<void> {
    return this.#put({ kind: "baseKey.put", address, messageId, key, createdAt: nowSeconds(this.#clock) });
  }

  deleteBaseKey(address: string, messageId: string): Promise<void> {
    return this.#put({ kind: "baseKey.delete", address, messageId });
  }

  deleteExpiredBaseKeys(cutoff: number, limit?: number): Promise<number> {
    return this.#count({ kind: "baseKey.expire", cutoff, limit });
  }

  updateDeviceList(record: DeviceListRecord): Promise<void> {
    return this.#put({ kind: "deviceList.put", records: [record] });
  }

  updateDeviceLists(records: readonly DeviceListRecord[]): Promise<void> {
    return this.#put({ kind: "deviceList.put", records });
  }

  deleteDevices(user: string): Promise<void> {
    return this.#put({ kind: "deviceList.delete", user });
  }

  putGroupMetadata(group: string, blob: Uint8Array): Promise<void> {
    return this.#put({ kind: "groupMetadata.put", group, blob });
  }

  deleteGroupMetadata(group: string): Promise<void> {
    return this.#put({ kind: "groupMetadata.delete", group });
  }

  putTcToken(jid: string, entry: TcTokenEntry): Promise<void> {
    return this.#put({ kind: "tcToken.put", jid, entry });
  }

  storeReceivedTcToken(jid: string, token: Uint8Array, tokenTimestamp: number): Promise<void> {
    return this.#put({ kind: "tcToken.receive", jid, token, tokenTimestamp });
  }

  touchTcTokenSender(jid: string, senderTimestamp: number): Promise<void> {
    return this.#put({ kind: "tcToken.touchSender", jid, senderTimestamp });
  }

  deleteTcToken(jid: string): Promise<void> {
    return this.#put({ kind: "tcToken.delete", jid });
  }

  deleteExpiredTcTokens(tokenCutoff: number, senderCutoff: number, limit?: number): Promise<number> {
    return this.#count({ kind: "tcToken.expire", tokenCutoff, senderCutoff, limit });
  }

  storeSentMessage(chat: string, id: string, payload: Uint8Array): Promise<void> {
    return this.#put({ kind: "sentMessage.put", chat, id, payload, createdAt: nowSeconds(this.#clock) });
  }

  async takeSentMessage(chat: string, id: string): Promise<Uint8Array | undefined> {
    const payload = await this.getSentMessage(chat, id);
    if (payload === undefined) return undefined;
    // The delete decides which of several concurrent callers gets it.
    return (await this.#count({ kind: "sentMessage.delete", chat, id })) > 0 ? payload : undefined;
  }

  deleteExpiredSentMessages(cutoff: number, limit?: number): Promise<number> {
    return this.#count({ kind: "sentMessage.expire", cutoff, limit });
  }

  storePendingInbound(rows: readonly PendingInbound[]): Promise<void> {
    return this.#put({ kind: "pendingInbound.put", rows });
  }

  deletePendingInbound(keys: readonly MessageRef[]): Promise<void> {
    return this.#put({ kind: "pendingInbound.delete", keys });
  }

  deleteExpiredPendingInbound(cutoff: number, limit?: number): Promise<number> {
    return this.#count({ kind: "pendingInbound.expire", cutoff, limit });
  }

  putMsgSecrets(entries: readonly MsgSecretEntry[]): Promise<void> {
    return this.#put({ kind: "msgSecret.put", entries });
  }

  deleteExpiredMsgSecrets(cutoff: number, limit?: number): Promise<number> {
    return this.#count({ kind: "msgSecret.expire", cutoff, limit });
  }

  save(device: Device): Promise<void> {
    return this.#put({ kind: "device.save", device });
  }

  deleteAccount(accountId: number): Promise<void> {
    return this.#put({ kind: "account.delete", accountId });
  }
}
