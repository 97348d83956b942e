import { choice, flag, list, object, optional, plain, type Rule, type RuleOf, value } from "../rules/mod.ts";
import type { AppSyncReads } from "./app_sync_store.ts";
import { GENERATIONS, GENERATIONS_SINCE, HASH_STATE, neverSeen, SYNC_KEY } from "./app_sync_writes.ts";
import type { BackendReads, ReadMethod } from "./backend.ts";
import { DEVICE } from "./device_fields.ts";
import type { AccountSummary, DatabaseSnapshot, DeviceReads, TableSummary } from "./device_store.ts";
import {
  ADDRESS,
  CHAT,
  COLLECTION,
  GROUP,
  JID,
  LID,
  LOG,
  MESSAGE_ID,
  number,
  PHONE_NUMBER,
  SECONDS,
  SENDER,
  SENDER_KEY_NAME,
  SEQUENCE,
  USER,
  word,
} from "./field_rules.ts";
import type { MessageSegment, MsgSecret, ProtocolReads, SegmentSummary } from "./protocol_store.ts";
import {
  DEVICE_LIST,
  LID_MAPPING,
  MESSAGE_SECRET,
  MESSAGE_SEGMENT,
  MESSAGE_SEGMENTS_SINCE,
  PENDING_INBOUND,
  SENDER_KEY_DEVICE,
  TC_TOKEN,
} from "./protocol_writes.ts";
import { LISTED_TABLES, type ListedTable, type RowReads } from "./row_listing.ts";
import { CURSOR, ROW_LISTING_SINCE, rowPageRule } from "./row_page.ts";
import { SET_ASIDE_ACCOUNT, SET_ASIDE_SINCE } from "./set_aside.ts";
import {
  type Lease,
  QUARANTINE_REASONS,
  type QuarantinedRecord,
  SIGNAL_RECORD_STORES,
  type SignalRow,
} from "./signal_rows.ts";
import type { PreKeyRow, SignalAddressEntry, SignalReads, SignedPreKeyRow } from "./signal_store.ts";
import { IDENTITY_KEY } from "./signal_writes.ts";
import type { TableName } from "./write.ts";
import type { StoreName } from "./write_row.ts";

/** Maximum number of rows in one listing. */
const MAX_LIST_LIMIT = 10_000;

/** One argument of a read. */
export interface Argument<T = unknown> {
  readonly name: string;
  readonly rule: RuleOf<T>;
}

type ArgumentsOf<Types extends readonly unknown[]> = {
  readonly [Index in keyof Types]-?: Argument<Types[Index]>;
};

/** The result of a read, or one item of its stream. */
type AnswerOf<M extends ReadMethod> =
  ReturnType<BackendReads[M]> extends AsyncIterable<infer Item> ? Item : Awaited<ReturnType<BackendReads[M]>>;

/** The properties of one read. */
export interface ReadRow<M extends ReadMethod = ReadMethod> {
  readonly args: ArgumentsOf<Parameters<BackendReads[M]>>;
  readonly answer: RuleOf<AnswerOf<M>>;
  /** Whether it returns a stream. `answer` is then one item. */
  readonly streams?: ReturnType<BackendReads[M]> extends AsyncIterable<unknown> ? true : never;
  /** The answer when the core returns none. Defaults to `undefined`. */
  readonly absent?: () => AnswerOf<M>;
  /** The table of the stored values in its answer; `rows` when the answer is a page of rows. */
  readonly table?: TableName | "rows";
  /** Protocol version that introduced it. Defaults to the first. */
  readonly since?: number;
}

/** One row for each read. Neither a read without a row nor a row without a read compiles. */
type ReadRows = { readonly [M in ReadMethod]: ReadRow<M> };

function signalReads(): Pick<ReadRows, keyof SignalReads> {
  const address: Argument<string> = { name: "address", rule: ADDRESS };
  const addresses: Argument<readonly string[]> = { name: "addresses", rule: list(ADDRESS) };
  const users: Argument<readonly string[]> = { name: "users", rule: list(USER) };
  const name: Argument<string> = { name: "name", rule: SENDER_KEY_NAME };
  const names: Argument<readonly string[]> = { name: "names", rule: list(SENDER_KEY_NAME) };
  // Any id is a valid argument. An id without a key is absent.
  const keyId = number("keyId");
  const id: Argument<number> = { name: "id", rule: keyId };
  const ids: Argument<readonly number[]> = { name: "ids", rule: list(keyId) };
  const record = value("record");
  const row = signalRow(record);
  const addressEntry = object<SignalAddressEntry>({
    kind: choice(["session", "identity", "senderKey"]),
    address: word("address"),
  });
  const quarantined = object<QuarantinedRecord>({
    store: choice(SIGNAL_RECORD_STORES),
    address: word("address"),
    reason: choice(QUARANTINE_REASONS),
    bytes: number("storedLength"),
  });
  const preKey = object<PreKeyRow>({ id: keyId, record, uploaded: flag() });
  const signedPreKey = object<SignedPreKeyRow>({ id: keyId, record });
  return {
    loadIdentity: { args: [address], answer: optional(IDENTITY_KEY), table: "identity" },
    loadIdentities: { args: [addresses], answer: list(optional(IDENTITY_KEY)), table: "identity" },
    getSession: { args: [address], answer: optional(record), table: "session" },
    getSessions: { args: [addresses], answer: list(optional(record)), table: "session" },
    hasSession: { args: [address], answer: flag() },
    loadSessionRow: { args: [address], answer: optional(row), table: "session" },
    loadSessionRows: { args: [addresses], answer: list(optional(row)), table: "session" },
    hasSignalStateForUser: { args: [{ name: "user", rule: USER }], answer: flag() },
    listSignalAddresses: { args: [users], answer: list(addressEntry) },
    loadPreKey: { args: [id], answer: optional(record), table: "preKey" },
    loadPreKeys: { args: [ids], answer: list(preKey), table: "preKey" },
    getMaxPreKeyId: { args: [], answer: keyId },
    loadSignedPreKey: { args: [id], answer: optional(record), table: "signedPreKey" },
    loadAllSignedPreKeys: { args: [], answer: list(signedPreKey), table: "signedPreKey" },
    getSenderKey: { args: [name], answer: optional(record), table: "senderKey" },
    loadSenderKeyRow: { args: [name], answer: optional(row), table: "senderKey" },
    loadSenderKeyRows: { args: [names], answer: list(optional(row)), table: "senderKey" },
    listQuarantined: { args: [], answer: list(quarantined), table: "quarantine" },
  };
}

/** A record with its stored lease, valid or not. */
function signalRow(record: Rule<Uint8Array>): Rule<SignalRow> {
  const bound = number("count", { min: Number.MIN_SAFE_INTEGER });
  const lease = object<Lease>({ reservedUntil: bound, incarnation: word("incarnation"), burned: bound });
  return object<SignalRow>({ record, lease: optional(lease) });
}

function appSyncReads(): Pick<ReadRows, keyof AppSyncReads> {
  const name: Argument<AppSyncCollection> = { name: "name", rule: COLLECTION };
  const indexMac = plain("indexMac");
  const mac = optional(value("valueMac"));
  const macs: Argument<readonly Uint8Array[]> = { name: "indexMacs", rule: list(indexMac) };
  const keyId: Argument<Uint8Array> = { name: "keyId", rule: plain("keyId") };
  return {
    getSyncKey: { args: [keyId], answer: optional(SYNC_KEY), table: "syncKey" },
    getLatestSyncKeyId: { args: [], answer: optional(plain("keyId")) },
    getVersion: { args: [name], answer: HASH_STATE, absent: neverSeen, table: "syncVersion" },
    getGenerations: { args: [name], answer: GENERATIONS, since: GENERATIONS_SINCE },
    getMutationMac: {
      args: [name, { name: "indexMac", rule: indexMac }],
      answer: mac,
      table: "mutationMacs",
    },
    getMutationMacs: { args: [name, macs], answer: list(mac), table: "mutationMacs" },
  };
}

type AppSyncCollection = Parameters<AppSyncReads["getVersion"]>[0];

function protocolReads(): Pick<ReadRows, keyof ProtocolReads> {
  const address: Argument<string> = { name: "address", rule: ADDRESS };
  const baseKey: Argument<Uint8Array> = { name: "key", rule: plain("baseKey") };
  const chat: Argument<string> = { name: "chat", rule: CHAT };
  const group: Argument<string> = { name: "group", rule: GROUP };
  const id: Argument<string> = { name: "id", rule: MESSAGE_ID };
  const jid: Argument<string> = { name: "jid", rule: JID };
  const lid: Argument<string> = { name: "lid", rule: LID };
  const lids: Argument<readonly string[]> = { name: "lids", rule: list(LID) };
  const limit: Argument<number> = { name: "limit", rule: number("limit", { max: MAX_LIST_LIMIT }) };
  const log: Argument<string> = { name: "log", rule: LOG };
  const messageId: Argument<string> = { name: "messageId", rule: MESSAGE_ID };
  const needle: Argument<Uint8Array> = { name: "needle", rule: plain("needle", { min: 1 }) };
  const phone: Argument<string> = { name: "phoneNumber", rule: PHONE_NUMBER };
  const phones: Argument<readonly string[]> = { name: "phoneNumbers", rule: list(PHONE_NUMBER) };
  const sender: Argument<string> = { name: "sender", rule: SENDER };
  const user: Argument<string> = { name: "user", rule: USER };
  const users: Argument<readonly string[]> = { name: "users", rule: list(USER) };
  const mapping = optional(LID_MAPPING);
  const devices = optional(DEVICE_LIST);
  const after: Argument<number> = { name: "after", rule: SEQUENCE };
  const seq: Argument<number> = { name: "seq", rule: SEQUENCE };
  const since = MESSAGE_SEGMENTS_SINCE;
  const found = object<Omit<MessageSegment, "log" | "head">>({
    seq: SEQUENCE,
    expiresAt: SECONDS,
    payload: value("payload"),
  });
  const summary = object<SegmentSummary>({
    seq: SEQUENCE,
    expiresAt: SECONDS,
    bytes: number("storedLength"),
  });
  const secret = object<MsgSecret>({ secret: MESSAGE_SECRET, messageTs: optional(SECONDS) });
  return {
    getSenderKeyDevices: { args: [group], answer: list(SENDER_KEY_DEVICE) },
    getLidMapping: { args: [lid], answer: mapping },
    getPnMapping: { args: [phone], answer: mapping },
    getLidMappings: { args: [lids], answer: list(mapping) },
    getPnMappings: { args: [phones], answer: list(mapping) },
    getAllLidMappings: { args: [], answer: LID_MAPPING, streams: true },
    hasSameBaseKey: { args: [address, messageId, baseKey], answer: flag() },
    getDevices: { args: [user], answer: devices },
    getDevicesFor: { args: [users], answer: list(devices) },
    getGroupMetadata: { args: [group], answer: optional(value("blob")), table: "groupMetadata" },
    getTcToken: { args: [jid], answer: optional(TC_TOKEN), table: "tcToken" },
    getAllTcTokenJids: { args: [], answer: list(JID) },
    getSentMessage: { args: [chat, id], answer: optional(value("payload")), table: "sentMessage" },
    getPendingInbound: {
      args: [chat, sender, id],
      answer: optional(PENDING_INBOUND),
      table: "pendingInbound",
    },
    listPendingInbound: { args: [limit], answer: list(PENDING_INBOUND), table: "pendingInbound" },
    getMsgSecret: { args: [chat, sender, id], answer: optional(secret), table: "msgSecret" },
    getMessageSegment: {
      args: [log, seq],
      answer: optional(MESSAGE_SEGMENT),
      table: "messageSegment",
      since,
    },
    findMessageSegments: { args: [log, needle, limit], answer: list(found), table: "messageSegment", since },
    listMessageSegments: { args: [log, after, limit], answer: list(summary), table: "messageSegment", since },
  };
}

function deviceReads(): Pick<ReadRows, "create" | keyof DeviceReads> {
  const count = number("count");
  const text = word("word");
  const account = object<AccountSummary>({ accountId: count, account: text, pn: optional(JID) });
  const snapshot = object<DatabaseSnapshot>({
    name: text,
    account: text,
    accountId: count,
    schemaVersion: count,
    tables: list(object<TableSummary>({ table: text, rows: count, bytes: count })),
    extra: optional(plain("extra")),
  });
  const extra: Argument<Uint8Array | undefined> = { name: "extra", rule: optional(plain("extra")) };
  return {
    load: { args: [], answer: optional(DEVICE), table: "device" },
    exists: { args: [], answer: flag() },
    listAccounts: { args: [], answer: list(account) },
    listSetAside: { args: [], answer: list(SET_ASIDE_ACCOUNT), since: SET_ASIDE_SINCE },
    snapshotDb: { args: [{ name: "name", rule: text }, extra], answer: snapshot },
    create: { args: [], answer: count },
  };
}

function rowReads(): Pick<ReadRows, keyof RowReads> {
  const table: Argument<ListedTable> = { name: "table", rule: choice(LISTED_TABLES) };
  const after: Argument<string | undefined> = { name: "after", rule: optional(CURSOR) };
  const limit: Argument<number> = { name: "limit", rule: number("limit", { min: 1, max: MAX_LIST_LIMIT }) };
  const args = [table, after, limit] as const;
  return { listRows: { args, answer: rowPageRule(), table: "rows", since: ROW_LISTING_SINCE } };
}

/** The rows by store; `table` has those whose store is that of a table which the call names. */
const READS_BY_STORE = /* @__PURE__ */ readsByStore();

function readsByStore() {
  return {
    signal: signalReads(),
    appSync: appSyncReads(),
    protocol: protocolReads(),
    device: deviceReads(),
    table: rowReads(),
  };
}

/** A single call, so that bundles without it can drop the rows. */
function allReads(): ReadRows {
  const { signal, appSync, protocol, device, table } = READS_BY_STORE;
  return { ...signal, ...appSync, ...protocol, ...device, ...table };
}

/**
 * Every read of the contract. The checked backend, the composed one, the remote one and the protocol between
 * them derive from these rows.
 */
export const READS: ReadRows = /* @__PURE__ */ allReads();

/** The names of all reads. */
export const READ_METHODS: readonly ReadMethod[] = /* @__PURE__ */ Object.keys(READS) as ReadMethod[];

/** Filled at the first use. */
const stores = /* @__PURE__ */ new Map<string, StoreName | "table">();

/** The store of a read; `table` if it is that of the table which the call names. */
export function storeOfRead(method: ReadMethod): StoreName | "table" {
  if (stores.size === 0)
    for (const [store, rows] of Object.entries(READS_BY_STORE))
      for (const name of Object.keys(rows)) stores.set(name, store as StoreName | "table");
  const store = stores.get(method);
  if (store === undefined) throw new RangeError("find store: no such read");
  return store;
}
