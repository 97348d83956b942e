/**
 * Holdfast: the state of a WhatsApp-Web-style client (device identity, Signal ratchets, app-state sync,
 * protocol tables) as live objects in memory, written behind atomically to a backend.
 *
 * `openAccount` opens one account over a backend. Backends, and all code that depends on a runtime, are
 * subpaths: `@holdfast/store/memory`, `@holdfast/store/libsql` and so on. To write a backend, see
 * `@holdfast/store/backend`.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * account.device.processCommand({ kind: "setPushName", pushName: "Ada" });
 * const [preKey] = await account.device.generatePreKeys(30);
 * await account.flush();
 * if (preKey?.publicKey.length !== 32) throw new Error("no pre-key was made");
 * ```
 *
 * @module
 */

export {
  type Account,
  type CommitFollower,
  type HousekeepingPolicy,
  type OpenAccountOptions,
  openAccount,
} from "../account/mod.ts";
export { formatJid, type Jid, type JidServer, parseJid, tryParseJid } from "../addresses/mod.ts";
export type { Attachable, Attachments } from "../attachments/mod.ts";
export type {
  AppVersion,
  Backend,
  CommitStats,
  Device,
  KeyPair,
  ServerClientExpiration,
  Write,
} from "../backend/mod.ts";
export {
  type ClientExpirationNotice,
  type ClientProfile,
  createDevice,
  type DebugSnapshot,
  type DeviceCommand,
  type DeviceDraft,
  type DeviceProps,
  type DeviceRuntime,
  decideClientExpiration,
  generateSignedPreKey,
  type NewSignedPreKey,
  type PersistenceManager,
  type PreKeyWatermarks,
  type PublicPreKey,
  type RedactedDevice,
  type SnapshotSink,
} from "../device/mod.ts";
export {
  AmbiguousError,
  BackendError,
  BusyError,
  ClosedError,
  CorruptError,
  FencedError,
  HaltedError,
  HeldError,
  IdentityConflictError,
  IncompatibleError,
  IncompleteBackendError,
  LimitError,
  RefusedError,
  SealedError,
  StoreError,
  type StoreErrorCode,
  WrongLengthError,
} from "../errors/mod.ts";
export {
  type Clock,
  type Host,
  type Listener,
  type LogFields,
  type Logger,
  type LogLevel,
  type Notifier,
  type Random,
  type ScheduledTask,
  type Scheduler,
  silentLogger,
  systemClock,
  systemHost,
  type TaskOptions,
} from "../ports/mod.ts";
export type { FlushReport, WriteBehindPolicy } from "../write_behind/mod.ts";
