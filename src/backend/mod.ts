/**
 * The contract between the core and its storage: four store interfaces, every mutation as data, one atomic
 * `commit`, and the owner guard that keeps two processes from interleaving.
 *
 * @module
 */

export type {
  AdvSignedDeviceIdentity,
  DeviceListEntry,
  DeviceListRecord,
  HashState,
  ServerCertChain,
  SyncKey,
} from "../records/mod.ts";
export { type AccountHold, holdOf, isEmptyHold, ownerOfHold, refuseHeld } from "./account_state.ts";
export { adoptBackend, type BackendLike, type FlatStores } from "./adopt_backend.ts";
export type {
  AppSyncReads,
  AppSyncStore,
  AppSyncWrite,
  CollectionName,
  Generations,
  MutationMac,
  SyncVersion,
  VersionPatch,
} from "./app_sync_store.ts";
export { storedState } from "./app_sync_writes.ts";
export type {
  Backend,
  BackendCore,
  BackendReads,
  Capabilities,
  CommitOptions,
  Committer,
  OwnerGuard,
  OwnerState,
  ReadMethod,
} from "./backend.ts";
export { DEFAULT_MAX_VALUE_BYTES } from "./backend.ts";
export { CommitQueue, type CommitStats } from "./commit_queue.ts";
export { type ComposedStores, composeBackend } from "./compose_backend.ts";
export {
  type CreateBackendOptions,
  createBackend,
  createPlainBackend,
  type WithCommitterOptions,
  withCommitter,
} from "./create_backend.ts";
export {
  DEVICE,
  DEVICE_FIELD_NAMES,
  DEVICE_FIELDS,
  initialDevice,
  MAX_EXTRA_ENTRIES,
  MAX_REGISTRATION_ID,
  type RedactedDevice,
  redactDevice,
} from "./device_fields.ts";
export type {
  AccountSummary,
  AppVersion,
  DatabaseSnapshot,
  Device,
  DeviceReads,
  DeviceStore,
  DeviceWrite,
  KeyPair,
  ServerClientExpiration,
  SetAsideAccount,
  SetAsideScope,
  TableSummary,
} from "./device_store.ts";
export type { IntegerSort, TextSort } from "./field_rules.ts";
export { callRead, ForwardingReads, READ } from "./forwarding_reads.ts";
export { type ListAllRowsOptions, listAllRows } from "./list_all_rows.ts";
export {
  keyCheckReads,
  keyOfRead,
  MAX_SEEN_MS,
  type OpeningCommit,
  openingCore,
  type ReadCall,
  type SeenAccount,
} from "./opening_core.ts";
export { ownPairOf, ownUsersOf } from "./own_pair.ts";
export { hasDeviceSince, ownerWithDevice } from "./owner_mark.ts";
export {
  LEARNING_SOURCES,
  type LearningSource,
  type LidPnMapping,
  type MessageRef,
  type MessageSegment,
  type MsgSecret,
  type MsgSecretEntry,
  type PendingInbound,
  type ProtocolReads,
  type ProtocolStore,
  type ProtocolWrite,
  type SegmentSummary,
  type SenderKeyDevice,
  type TcTokenEntry,
} from "./protocol_store.ts";
export { DEVICE_LIST, TC_TOKEN } from "./protocol_writes.ts";
export { type Argument, READ_METHODS, READS } from "./reads.ts";
export { type RedactedRow, redactRow } from "./redact_row.ts";
export { type RestoreEpoch, readRestoreEpoch, withRestoreEpoch } from "./restore_epoch.ts";
export {
  type CursorPart,
  decodeCursor,
  encodeCursor,
  LISTED_TABLES,
  type ListedTable,
  MAX_PAGE_BYTES,
  malformedCursor,
  ROW_KINDS,
  type RowPage,
  type RowReads,
  type RowWrite,
} from "./row_listing.ts";
export {
  KEY_CHECK,
  refuseSealed,
  requirePlain,
  SEALING_LOG,
  type SealedOpening,
  type Sealing,
} from "./sealed_account.ts";
export { asideIdOf, asideName, tablesNotKept } from "./set_aside.ts";
export {
  INCARNATION_LENGTH,
  isLease,
  type Lease,
  type QuarantinedRecord,
  type QuarantinePut,
  type QuarantineReason,
  type SignalRecordStore,
  type SignalRow,
  type SignalRowReads,
} from "./signal_rows.ts";
export type {
  PreKeyRow,
  SignalAddressEntry,
  SignalCacheReads,
  SignalReads,
  SignalStore,
  SignalWrite,
  SignedPreKeyRow,
} from "./signal_store.ts";
export { IDENTITY_KEY_BYTES } from "./signal_writes.ts";
export { readTransformed } from "./transforming_core.ts";
export { OWNER_GUARD, OWNER_STATE, requireGuard } from "./validate_guard.ts";
export { isText, requireAccountName } from "./validate_value.ts";
export {
  requireDevice,
  requireMoveLast,
  requireSize,
  validateWrite,
  validateWrites,
} from "./validate_write.ts";
export type { ValuePlace } from "./value_place.ts";
export { hasValues, transformWrites, type ValueTransform } from "./value_transform.ts";
export type { TableName, Write, WriteKind, WriteOf } from "./write.ts";
export { rowsOf, tableOf } from "./write_rows.ts";
export { WRITE_KINDS, WRITES } from "./writes.ts";
