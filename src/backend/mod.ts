/**
 * The contract between the core and whatever stores its state: four store interfaces, every mutation as data, one
 * atomic `commit`, and the owner guard that keeps two processes from interleaving.
 *
 * @module
 */

export type {
  AdvSignedDeviceIdentity,
  DeviceListEntry,
  DeviceListRecord,
  HashState,
  ServerCert,
  ServerCertChain,
  SyncKey,
} from "../records/mod.ts";
export {
  type AppSyncReads,
  type AppSyncStore,
  type CollectionName,
  HASH_STATE_HASH_BYTES,
  type MutationMac,
} from "./app_sync_store.ts";
export type {
  Backend,
  BackendCore,
  Capabilities,
  CommitOptions,
  Committer,
  OwnerGuard,
  OwnerState,
} from "./backend.ts";
export { CommitQueue, type CommitQueueOptions, type CommitStats } from "./commit_queue.ts";

export { type ComposedStores, composeBackend } from "./compose_backend.ts";
export {
  type BackendReads,
  type CreateBackendOptions,
  createBackend,
  withCommitter,
} from "./create_backend.ts";
export type {
  AccountSummary,
  AppVersion,
  DatabaseSnapshot,
  Device,
  DeviceReads,
  DeviceStore,
  KeyPair,
  ServerClientExpiration,
  TableSummary,
} from "./device_store.ts";
export {
  LEARNING_SOURCES,
  type LearningSource,
  type LidPnMapping,
  MESSAGE_SECRET_BYTES,
  type MessageRef,
  type MsgSecretEntry,
  type PendingInbound,
  type ProtocolReads,
  type ProtocolStore,
  SENT_MESSAGE_LIFETIME_S,
  type SenderKeyDevice,
  type TcTokenEntry,
} from "./protocol_store.ts";
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
  SignedPreKeyRow,
} from "./signal_store.ts";
export {
  KEY_BYTES,
  MAX_EXTRA_ENTRIES,
  MAX_REGISTRATION_ID,
  requireDevice,
  SIGNATURE_BYTES,
} from "./validate_device.ts";
export { isText, MAX_KEY_ID, MAX_TEXT_LENGTH, requireAccountName } from "./validate_value.ts";
export { IDENTITY_KEY_BYTES, validateWrite } from "./validate_write.ts";
export type { Write, WriteKind, WriteOf } from "./write.ts";
