import {
  type Backend,
  type Device,
  requireDevice,
  validateWrite,
  validateWrites,
  type Write,
} from "../backend/mod.ts";
import { IdentityConflictError, requireFunction, requireList, requireObject } from "../errors/mod.ts";
import type { Host } from "../ports/mod.ts";
import { copyValue } from "../rules/mod.ts";
import type { FlushReport, SaverHandle, WriteBehind } from "../write_behind/mod.ts";
import { applyCommand } from "./apply_command.ts";
import type { BackupSource, SnapshotSink } from "./debug_snapshot.ts";
import type { DeviceCommand } from "./device_command.ts";
import {
  type DeviceRuntime,
  type DeviceState,
  INITIAL_RUNTIME,
  isReadyForPresence,
  isRegistered,
} from "./device_state.ts";
import { DEVICE_FLUSHABLE, FlushableDevice } from "./flushable_device.ts";
import { hasSameIdentity, requireFittingKeys } from "./identity_guard.ts";
import { withNewIdentity } from "./new_identity.ts";
import { advanceWatermarks } from "./pre_key_ids.ts";
import type { makePreKeys, PreKeyAllocation, PreKeyReads, PublicPreKey } from "./pre_keys.ts";
import type { takeSnapshot } from "./take_snapshot.ts";
import { freezeValue, sameValue, snapshotOf } from "./value.ts";

/** A device that may be changed, until it is published. Nested values are replaced, not changed in place. */
export type DeviceDraft = {
  -readonly [K in keyof Device]: Device[K] extends ReadonlyMap<infer Key, infer Value>
    ? Map<Key, Value>
    : Device[K];
};

/** What a persistence manager needs. */
export interface PersistenceManagerOptions {
  /** The device as it is stored. It is copied. */
  readonly device: Device;
  readonly store: PreKeyReads & Pick<Backend, "capabilities" | "listRows" | "snapshotDb">;
  /** The engine that writes. The manager adds itself as a flushable. */
  readonly writeBehind: WriteBehind;
  readonly host: Host;
  /** Makes what allocates pre-keys. Without it there are none. */
  readonly makePreKeys?: typeof makePreKeys | undefined;
  readonly snapshotSink?: SnapshotSink | undefined;
  /** Takes snapshots. Without it there are none. */
  readonly takeSnapshot?: typeof takeSnapshot | undefined;
  /** The account that snapshots with secrets are made of. Without it there are none. */
  readonly backupSource?: (() => BackupSource) | undefined;
  readonly companion?: DeviceCompanion | undefined;
}

/** What has to change together with a device. */
export interface DeviceCompanion {
  /** Writes that land in the commit of a device that has changed. */
  writesFor(device: Device, before: Device): readonly Write[];
  /** Writes have been committed together with the device. It must not throw. */
  committed(writes: readonly Write[]): void;
  /**
   * The device has taken another identity, in memory: nothing that belonged to the former one is true any
   * more. Everything else of the account is cleared in the commit that saves the device. It must not throw.
   */
  identityChanged(): void;
}

/**
 * The gatekeeper of an account's device state. Reads are snapshots; changes are made on a draft or by a
 * command, checked, published as a whole and written behind.
 *
 * - **Ownership.** The manager owns its state. What comes in is copied, what goes out is a frozen copy.
 * - **Ordering.** Changes are synchronous: the next snapshot shows them. What is published together is
 *   committed together.
 * - **Durability.** A change is durable when a `flush()` that was called after it has resolved; without one,
 *   within 50 ms while the saver runs. What changes during a flush stays dirty.
 * - **Failure.** A change that throws, or whose result is no valid device, changes nothing.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * account.device.modifyDevice((draft) => {
 *   draft.pushName = "Ada";
 * });
 * account.device.processCommand({ kind: "setPropsHash", propsHash: "abc" });
 * await account.device.flush();
 * if (account.device.getDeviceSnapshot().pushName !== "Ada") throw new Error("not changed");
 * ```
 */
export class PersistenceManager {
  readonly #options: Omit<PersistenceManagerOptions, "device" | "makePreKeys">;
  readonly #flushable: FlushableDevice;
  readonly #preKeys: PreKeyAllocation | undefined;
  /** Never changed in place: every publication replaces it. */
  #state: DeviceState;
  #snapshot: Device;
  #modifying = false;

  /**
   * Called by `openAccount`. Takes the stored device, which it owns from then on.
   *
   * @throws {TypeError | RangeError} When the device is not valid.
   */
  constructor(options: PersistenceManagerOptions) {
    const { device } = options;
    requireDevice(device);
    const { store, writeBehind, host, snapshotSink, takeSnapshot, backupSource, companion } = options;
    this.#options = { store, writeBehind, host, snapshotSink, takeSnapshot, backupSource, companion };
    this.#state = { device: copyValue(device), runtime: freezeValue(copyValue(INITIAL_RUNTIME)) };
    this.#snapshot = snapshotOf(this.#state.device);
    this.#flushable = new FlushableDevice(
      host.clock,
      () => this.#state.device,
      (writes) => companion?.committed(writes),
    );
    this.#preKeys = options.makePreKeys?.(store, {
      watermarks: () => this.#state.device,
      stagedIds: () => this.#stagedIds(),
      stage: (change, writes) => this.#publish({ ...this.#state.device, ...change }, writes),
    });
    writeBehind.addFlushable(this.#flushable);
  }

  /**
   * The device as it is now, frozen, in constant time: calls without a change between them return the same
   * object.
   *
   * Byte arrays and maps cannot be frozen. Each read of a member returns a new copy, so writing into one
   * changes neither the stored state nor what other readers see.
   */
  getDeviceSnapshot(): Device {
    return this.#snapshot;
  }

  /** State of the device that lives as long as the process and is never stored; frozen. */
  getRuntime(): DeviceRuntime {
    return this.#state.runtime;
  }

  /** Whether the device is paired: it has a phone number. */
  get isRegistered(): boolean {
    return isRegistered(this.#state.device);
  }

  /** Whether the device can announce itself: it is paired and has a push name. */
  get isReadyForPresence(): boolean {
    return isReadyForPresence(this.#state.device);
  }

  /** Whether something has changed that is not durable yet. */
  get isDirty(): boolean {
    return this.#flushable.dirty;
  }

  /**
   * Changes the device. `modify` gets a draft of its own; when it returns, the draft is checked, copied and
   * published as a whole, and is dirty if it differs. What `modify` returns is handed on.
   *
   * Pre-key counters only move forward: of the draft's and the present ones the later are kept.
   *
   * A device without a phone number may take another identity key. Then everything else that is stored for
   * the account goes in the commit that saves the device, and memory with it; what is being committed for the
   * former identity is rejected with `IdentityConflictError`.
   *
   * @param options.writes Land in the same commit as the changed device, or not at all: use it where the
   * device counts or refers to what they store. They and their bytes belong to the manager from now on.
   * @throws {TypeError | RangeError} When the draft is no valid device, a write is malformed, `modify` is
   * async or is called from within another. Nothing is changed.
   * @throws {RefusedError} When a value is larger than the backend can store. Nothing is changed.
   * @throws {IdentityConflictError} When a paired device would get another identity key. Nothing is changed.
   * @throws {LimitError} When too many writes wait already. Nothing is changed.
   */
  modifyDevice<T>(
    modify: (draft: DeviceDraft) => T,
    options: { readonly writes?: readonly Write[] } = {},
  ): T {
    requireFunction("modify", modify);
    requireObject("options", options);
    if (this.#modifying) throw new TypeError("modify device: called from within a modification");
    const draft = copyValue(this.#state.device) as DeviceDraft;
    this.#modifying = true;
    let result: T;
    try {
      result = modify(draft);
    } finally {
      this.#modifying = false;
    }
    if (isThenable(result)) throw new TypeError("modify device: the function must not be async");
    this.#publish(draft, options.writes ?? []);
    return result;
  }

  /**
   * Applies a command. Bytes of the command are copied.
   *
   * @throws {TypeError | RangeError | RefusedError} When a value of the command is not valid, or larger than
   * the backend can store. Nothing is changed.
   */
  processCommand(command: DeviceCommand): void {
    this.processCommands([command]);
  }

  /**
   * As `processCommand`, for several commands at once: the device is published after the last of them, or not
   * at all.
   */
  processCommands(commands: readonly DeviceCommand[]): void {
    requireList("commands", commands);
    if (this.#modifying) throw new TypeError("process command: called from within a modification");
    const context = { nowMs: this.#options.host.clock.nowMs() };
    let next = this.#state;
    for (const command of commands) next = applyCommand(next, command, context);
    if (next.device !== this.#state.device) this.#publish(next.device, []);
    if (next.runtime !== this.#state.runtime) {
      this.#state = { ...this.#state, runtime: freezeValue(copyValue(next.runtime)) };
    }
  }

  /** Writes everything of the account that is dirty. See `WriteBehind.flush`. */
  async flush(): Promise<FlushReport> {
    return await this.#options.writeBehind.flush();
  }

  /**
   * Makes the device, and what lands with it, durable. Sessions that may wait go on waiting.
   *
   * @throws {StoreError} When the device as it was at the call could not be committed: it is one item, which
   * is durable or not. It stays as it is in memory; calling again tries again.
   */
  async flushDevice(): Promise<FlushReport> {
    return await this.#options.writeBehind.flushOnly((flushable) => flushable === DEVICE_FLUSHABLE);
  }

  /**
   * Starts to save in the background: at once what is dirty already, changes of the device within 50 ms, what
   * is less urgent within `intervalMs`, nothing while nothing is dirty. `stop()` of the handle flushes a last
   * time. `openAccount` does this by default.
   *
   * @throws {TypeError} When it is running already.
   */
  runBackgroundSaver(intervalMs?: number): SaverHandle {
    return this.#options.writeBehind.run(intervalMs);
  }

  /**
   * Makes one-time pre-keys and resolves, when they are durable, with their public halves for upload. Keys
   * and counters land in one commit. When it rejects, the keys may exist: they are kept, counted as not
   * uploaded, and land later.
   *
   * @throws {RangeError} When `count` is not 1 … 4,096.
   * @throws {StoreError} When the backend fails, or too many pre-keys wait to be saved.
   */
  async generatePreKeys(count: number): Promise<PublicPreKey[]> {
    const keys = await this.#allocator().generate(count, this.#options.host.random);
    await this.flushDevice();
    return keys;
  }

  /**
   * As `generatePreKeys`, for clients that make their own records: takes the next free ids, asks for a record
   * for each and resolves with the ids when records and counters are durable.
   *
   * Ids are 1 … 2^24−1; after the last comes 1 again, and ids whose keys still exist are skipped. An unset
   * counter starts after the greatest stored id.
   *
   * @param makeRecord Makes the standard record of an id. When it throws, nothing is changed.
   */
  async addPreKeys(count: number, makeRecord: (id: number) => Uint8Array): Promise<number[]> {
    const ids = await this.#allocator().add(count, makeRecord);
    await this.flushDevice();
    return ids;
  }

  /**
   * Notes that the server has these pre-keys; durable when it resolves. The rows, `firstUnuploadedPreKeyId`
   * (which moves past the furthest of them) and `serverHasPreKeys` change in one commit.
   *
   * @throws {RangeError} When an id is out of range or was never handed out. Nothing is changed.
   */
  async markPreKeysUploaded(ids: readonly number[]): Promise<void> {
    this.#allocator().markUploaded(ids);
    await this.flushDevice();
  }

  /**
   * Flushes and hands a picture of the account to the `snapshotSink` given at open: this account's rows
   * alone, redacted by the rules of their fields.
   *
   * @param extra Bytes to keep beside it. They are copied and not redacted.
   * @param options.secrets Makes a backup instead, with every key of the account: see `backupAccount` of the
   * subpath `transfer`.
   * @throws {TypeError | RangeError} When the name is malformed, `extra` is above 16 MiB, there is no sink,
   * or the sink takes no backups.
   * @throws {StoreError} When the account cannot be flushed or read. @throws What the sink throws.
   */
  async createSnapshot(
    name: string,
    extra?: Uint8Array,
    options: { readonly secrets?: boolean | undefined } = {},
  ): Promise<void> {
    const { snapshotSink: sink, takeSnapshot, host, store, writeBehind, backupSource } = this.#options;
    if (takeSnapshot === undefined) throw new TypeError("create snapshot: this host takes none");
    const parts = { clock: host.clock, sink, store, backupSource };
    const own = { device: () => this.#state.device, release: () => writeBehind.release() };
    await takeSnapshot({ ...parts, ...own }, name, extra, options);
  }

  /** @throws {TypeError} When the account is hosted for a client elsewhere, which makes its own pre-keys. */
  #allocator(): PreKeyAllocation {
    if (this.#preKeys === undefined) throw new TypeError("use pre-keys: the account is hosted without them");
    return this.#preKeys;
  }

  #stagedIds(): ReadonlySet<number> {
    return new Set(
      this.#flushable.staged.flatMap((write) => (write.kind === "preKey.put" ? [write.id] : [])),
    );
  }

  /** Checks a device and makes it the present one, copied. What it held before stays as it was. */
  #publish(proposed: Device, writes: readonly Write[]): void {
    // Before anything is derived from it.
    requireDevice(proposed);
    requireList("writes", writes);
    const before = this.#state.device;
    const { companion, store, writeBehind } = this.#options;
    const isOther = !hasSameIdentity(before, proposed);
    const device = copyValue(
      isOther ? withNewIdentity(before, proposed) : { ...proposed, ...advanceWatermarks(before, proposed) },
    );
    validateWrite({ kind: "device.save", device }, store.capabilities);
    requireFittingKeys("change device", before, device);
    const staged = [...writes, ...(companion?.writesFor(device, before) ?? [])];
    validateWrites(staged, store.capabilities);
    this.#flushable.requireRoom(staged.length);
    if (staged.length === 0 && sameValue(before, device)) return;
    this.#state = { ...this.#state, device };
    this.#snapshot = snapshotOf(device);
    if (isOther) this.#forgetIdentity();
    this.#flushable.changed(isOther ? [{ kind: "account.clear" }, ...staged] : staged);
    if (isOther) companion?.identityChanged();
    writeBehind.notify("now");
  }

  /** Drops what was on its way for the identity that the device had. */
  #forgetIdentity(): void {
    this.#flushable.dropStaged();
    const { nctSaltSyncSeen } = INITIAL_RUNTIME;
    this.#state = { ...this.#state, runtime: freezeValue({ ...this.#state.runtime, nctSaltSyncSeen }) };
    this.#options.writeBehind.rejectWaiting(
      new IdentityConflictError("commit: the account has taken another identity"),
    );
  }
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
