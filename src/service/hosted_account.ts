import type { Account } from "../account/mod.ts";
import type { Backend } from "../backend/mod.ts";
import { type DeviceCommand, type RedactedDevice, redactDevice } from "../device/mod.ts";
import { ClosedError, FencedError } from "../errors/mod.ts";
import type { Clock, StartPacer } from "../ports/mod.ts";
import { answerCall, type CallAnswer, type CallScope, PROTOCOL } from "../protocol/mod.ts";
import type { SignalCacheStats } from "../signal/mod.ts";
import type { FlushReport } from "../write_behind/mod.ts";
import type { AccountHandle, AccountSnapshot, SnapshotOptions } from "./account_handle.ts";
import type { HostedOperation } from "./account_operations.ts";
import type { AccountStats, BackupStats, FlushSummary, OpenAccountStats } from "./account_stats.ts";
import { FlushMeter } from "./flush_meter.ts";
import { openStats } from "./open_stats.ts";
import type { AccountLimits } from "./request_meter.ts";
import { revealDevice } from "./reveal_device.ts";
import { type StorageHost, StorageMeter, type StorageUsage } from "./storage_meter.ts";

/** Name of the snapshots that clients download. */
const SNAPSHOT_NAME = "service";

/** How a `HostedAccount` reaches its account. */
export interface AccountHost extends StorageHost {
  readonly clock: Clock;
  /** Returns the bare backend. The host owns it and closes it. */
  backend(): Promise<Backend>;
  /** Opens the account, which takes its ownership. The hosted account owns the result and closes it. */
  open(): Promise<Account>;
  /** Returns when the account's alarm is due, in milliseconds, or `undefined` if there is no alarm. */
  nextAlarmAtMs?(): Promise<number | undefined>;
  /** What is known of its backups, where the host makes some. */
  backupStats?(): BackupStats | undefined;
  /** Numbers of the Signal cache of an open account, where a client may have one beside the service. */
  readonly signalStats?: ((account: Account) => SignalCacheStats | undefined) | undefined;
  /** Paces long calls, where the host shares its thread with other work. By default, nothing pauses. */
  readonly startPacer?: StartPacer | undefined;
}

interface OpenedAccount {
  readonly account: Account;
  readonly flushes: FlushMeter;
}

/**
 * The operations on one account in this process. The first command opens the account, and it stays open until
 * another owner takes it over or `close` is called. Calls of the commit protocol and reads do not open it.
 */
export class HostedAccount implements Pick<AccountHandle, HostedOperation> {
  readonly #host: AccountHost;
  readonly #storage: StorageMeter;
  /** The limits of the account, as they were when its last request was admitted. */
  limits: AccountLimits = {};
  #opened: Promise<OpenedAccount> | undefined;
  /** Resolves when the previously open account is closed. The next one opens after that. */
  #closing: Promise<void> = Promise.resolve();

  constructor(host: AccountHost) {
    this.#host = host;
    this.#storage = new StorageMeter(host);
  }

  /**
   * Returns the account. Opens it if it is not open, or if another owner has taken it over. Do not close it:
   * the hosted account owns it.
   */
  async account(): Promise<Account> {
    return (await this.#open()).account;
  }

  /** What is known of what it stores, where that is limited. */
  get usage(): StorageUsage {
    return this.#storage.usage;
  }

  /** Returns the account if it is open and still owned, and opens nothing. It may be closed at any time. */
  async openedAccount(): Promise<Account | undefined> {
    return (await this.#ifOpen())?.account;
  }

  async device(): Promise<RedactedDevice | undefined> {
    const opened = await this.#ifOpen();
    const device = opened?.account.device.getDeviceSnapshot() ?? (await (await this.#host.backend()).load());
    return device && redactDevice(device);
  }

  async commandDevice(commands: readonly DeviceCommand[]): Promise<FlushSummary> {
    let opened: OpenedAccount | undefined;
    try {
      opened = await this.#open();
      return await this.#apply(opened, commands);
    } catch (error) {
      // Another owner took the account over while it was open here, and it may be closed already. No command
      // was written. These commands come later than the takeover, so the account is opened again.
      if (!(error instanceof FencedError || error instanceof ClosedError)) throw error;
      if (opened !== undefined) await this.#release(opened);
      return await this.#apply(await this.#open(), commands);
    }
  }

  async flush(): Promise<FlushSummary> {
    const opened = await this.#ifOpen();
    if (opened === undefined) return { open: false, committed: 0, isolated: 0, rows: 0, durationMs: 0 };
    return summaryOf(await opened.account.flush());
  }

  async stats(): Promise<AccountStats> {
    const opened = await this.#ifOpen();
    const nextAlarmAtMs = await this.#host.nextAlarmAtMs?.();
    const backups = this.#host.backupStats?.();
    const { limits } = this;
    return {
      open: opened !== undefined,
      ...(opened === undefined ? {} : { account: this.#openStats(opened) }),
      ...(nextAlarmAtMs === undefined ? {} : { nextAlarmAtMs }),
      ...(backups === undefined ? {} : { backups }),
      ...(Object.keys(limits).length === 0 ? {} : await this.#limited(limits)),
    };
  }

  async snapshot({ unredacted }: SnapshotOptions): Promise<AccountSnapshot> {
    const opened = await this.#ifOpen();
    const backend = await this.#host.backend();
    const device = opened?.account.device.getDeviceSnapshot() ?? (await backend.load());
    return {
      takenAtMs: this.#host.clock.nowMs(),
      device: device && redactDevice(device),
      ...(unredacted && device !== undefined ? { secrets: revealDevice(device) } : {}),
      database: await backend.snapshotDb(SNAPSHOT_NAME),
      stats: await this.stats(),
    };
  }

  async call(body: Uint8Array, scope: CallScope): Promise<CallAnswer> {
    const paced = { ...scope, startPacer: this.#host.startPacer, clock: this.#host.clock };
    const call = await PROTOCOL.decodeCall(body, paced);
    const isTakeover = call.kind === "commit" && call.guard?.next !== undefined;
    if (call.kind === "commit") await this.#storage.admit(call.writes, this.limits);
    const opened = isTakeover ? await this.#ifOpen() : undefined;
    const answer = await answerCall(await this.#host.backend(), call, paced);
    // The caller owns the account now, so the account that was open here can no longer commit.
    if (opened !== undefined) await this.#release(opened);
    return answer;
  }

  /**
   * Closes the account if it is open, after a last flush. A fenced account closes without an error, and its
   * unsaved state is dropped.
   *
   * @throws {StoreError} When some state cannot be saved.
   */
  async close(): Promise<void> {
    const opening = this.#opened;
    this.#opened = undefined;
    const opened = await opening?.catch(() => undefined);
    await this.#closing;
    await opened?.account.close().catch((error: unknown) => {
      if (!(error instanceof FencedError)) throw error;
    });
  }

  async #limited(limits: AccountLimits): Promise<Pick<AccountStats, "limits" | "stored" | "refusedBy">> {
    const stored = await this.#storage.measure(limits);
    const { rule, allowed } = this.#storage.usage.refusal ?? {};
    const isCurrent = rule !== undefined && limits[rule as keyof AccountLimits] === allowed;
    return { limits, stored, ...(isCurrent ? { refusedBy: rule } : {}) };
  }

  #openStats({ account, flushes }: OpenedAccount): OpenAccountStats {
    return openStats(account, flushes, this.#host.signalStats?.(account));
  }

  async #apply({ account }: OpenedAccount, commands: readonly DeviceCommand[]): Promise<FlushSummary> {
    account.device.processCommands(commands);
    // Flushes the device alone, since other changes and their refusals belong to other callers.
    return summaryOf(await account.device.flushDevice());
  }

  /** Returns the open account. Opens it if it is not open, or if another owner has taken it over. */
  async #open(): Promise<OpenedAccount> {
    const opened = await this.#ifOpen();
    if (opened !== undefined) return opened;
    this.#opened ??= this.#closing
      .then(() => this.#host.open())
      .then((account) => ({ account, flushes: new FlushMeter(account.writeBehind) }));
    const opening = this.#opened;
    try {
      return await opening;
    } catch (error) {
      if (this.#opened === opening) this.#opened = undefined;
      throw error;
    }
  }

  /** Returns the account if it is open and still owned. */
  async #ifOpen(): Promise<OpenedAccount | undefined> {
    const opened = await this.#opened?.catch(() => undefined);
    if (opened === undefined) return undefined;
    const { state } = opened.account.health();
    if (state !== "fenced" && state !== "closed") return opened;
    await this.#release(opened);
    return undefined;
  }

  /** Closes an account that is fenced or closed. Leaves an account that was opened later alone. */
  async #release(opened: OpenedAccount): Promise<void> {
    const opening = this.#opened;
    if ((await opening?.catch(() => undefined)) === opened && this.#opened === opening) {
      this.#opened = undefined;
      this.#closing = opened.account.close().catch(() => {});
    }
    await this.#closing;
  }
}

function summaryOf({ committed, isolated, rows, durationMs }: FlushReport): FlushSummary {
  return { open: true, committed, isolated: isolated.length, rows, durationMs };
}
