import {
  type Backend,
  type BackendCore,
  type Capabilities,
  type CommitOptions,
  createBackend,
  DEFAULT_MAX_VALUE_BYTES,
  KEY_CHECK,
  type OwnerGuard,
  type OwnerState,
  requireAccountName,
  type Sealing,
  type ValueTransform,
  type Write,
} from "../../backend/mod.ts";
import { ArgumentTypeError, ClosedError, FencedError, requireObject } from "../../errors/mod.ts";
import type { Clock } from "../../ports/mod.ts";
import { type AccountTables, createTables } from "./account_tables.ts";
import { appSyncReads } from "./app_sync_store.ts";
import { applyWrite } from "./apply_write.ts";
import { deviceReads } from "./device_store.ts";
import { accountsOf, type MemoryAccount, type MemoryAccounts } from "./memory_accounts.ts";
import { MemoryDatabase } from "./memory_database.ts";
import { MemoryFaults } from "./memory_faults.ts";
import { messageReads } from "./message_store.ts";
import { protocolReads } from "./protocol_store.ts";
import { rowReads } from "./row_listing.ts";
import { segmentKey, segmentReads } from "./segment_store.ts";
import { signalReads } from "./signal_store.ts";
import { Transaction } from "./transaction.ts";

/** Default name of the account. */
const DEFAULT_ACCOUNT = "default";

/** Options of `memoryBackend`. */
export interface MemoryBackendOptions {
  /** Name of the account. Defaults to `default`. */
  readonly account?: string | undefined;
  /** Where rows are kept. Defaults to a new database. */
  readonly database?: MemoryDatabase | undefined;
  /** Stamps base keys and sent messages. Defaults to the host's clock. */
  readonly clock?: Clock | undefined;
  /** Size limit of a value, in bytes. Defaults to 2,000,000. */
  readonly maxValueBytes?: number | undefined;
  /** Failures on demand, for tests. */
  readonly faults?: MemoryFaults | undefined;
  /** Changes stored values on their way in and out. */
  readonly values?: ValueTransform | undefined;
  /** Encrypts stored values: `sealing` of the subpath `sealing`. */
  readonly sealing?: Sealing | undefined;
}

/**
 * Opens one account of a memory database: the reference implementation of the backend contract.
 *
 * Behaves like a transactional database while the `MemoryDatabase` object exists: commits are atomic and
 * fenced, and `capabilities.durableOnResolve` is true, because committed state survives the loss of a backend
 * that was not closed. Nothing survives the process.
 *
 * @throws {TypeError} When the account's name is empty, longer than 1,024 characters or malformed.
 *
 * @example
 * ```ts
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * const backend = memoryBackend({ account: "alice" });
 * await backend.commit([
 *   { kind: "session.put", address: "5511999990000@c.us.0", record: new Uint8Array([1, 2, 3]) },
 *   { kind: "preKey.remove", id: 7 },
 * ]);
 * await backend.close();
 * ```
 */
export function memoryBackend(options: MemoryBackendOptions = {}): Backend {
  requireObject("open database: options", options);
  if (options.database !== undefined && !(options.database instanceof MemoryDatabase)) {
    throw new ArgumentTypeError("open database: database is not a MemoryDatabase");
  }
  const { account = DEFAULT_ACCOUNT, clock, values, sealing } = options;
  const core = memoryCore(options);
  return createBackend(sealing?.sealed(core, { account }) ?? core, { clock, values });
}

function memoryCore(options: MemoryBackendOptions): BackendCore {
  const account = new OpenMemoryAccount(options);
  const tables = () => account.tables();
  return {
    ...signalReads(tables),
    ...appSyncReads(tables),
    ...protocolReads(tables),
    ...messageReads(tables),
    ...segmentReads(tables),
    ...rowReads(tables),
    ...deviceReads(account.name, account.accounts, () => account.stored()),
    capabilities: account.capabilities,
    commit: async (writes, commitOptions) => account.commit(writes, commitOptions),
    readOwner: async () => account.readOwner(),
    create: async () => account.create(),
    close: async () => account.close(),
  };
}

/** One opening of an account. Several may be open at once, as if in several processes. */
class OpenMemoryAccount {
  readonly name: string;
  readonly accounts: MemoryAccounts;
  readonly capabilities: Capabilities;
  readonly #faults: MemoryFaults;
  #closed = false;

  constructor(options: MemoryBackendOptions) {
    const { account = DEFAULT_ACCOUNT } = options;
    requireAccountName(account);
    this.name = account;
    this.accounts = accountsOf(options.database ?? new MemoryDatabase());
    this.#faults = options.faults ?? new MemoryFaults();
    this.capabilities = {
      atomicCommit: true,
      fencing: true,
      durableOnResolve: true,
      maxValueBytes: options.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES,
      maxParameters: undefined,
      tellsSealed: true,
    };
  }

  /** The account for a read, `undefined` when it is not registered. */
  stored(): MemoryAccount | undefined {
    this.#requireOpen("read");
    if (this.#faults.readError !== undefined) throw this.#faults.readError;
    return this.accounts.account(this.name);
  }

  /** The account's tables for a read, empty ones when it is not registered. */
  tables(): AccountTables {
    return this.stored()?.tables ?? createTables();
  }

  readOwner(): OwnerState | undefined {
    const { owner, messageSegments } = this.tables();
    const stored = owner.get("");
    const isSealed = messageSegments.get(segmentKey(KEY_CHECK.log, KEY_CHECK.seq)) !== undefined;
    return stored && (isSealed ? { ...stored, sealed: true } : stored);
  }

  create(): number {
    this.#requireOpen("create account");
    return this.#transact(
      undefined,
      (transaction) => this.accounts.register(this.name, transaction).accountId,
    );
  }

  commit(writes: readonly Write[], options: CommitOptions = {}): number[] {
    this.#requireOpen("commit");
    return this.#transact(this.#faults.takeFailure(), (transaction) => {
      const { guard } = options;
      if (guard !== undefined) this.#takeGuard(guard, transaction);
      return writes.map((write) =>
        applyWrite(write, {
          accounts: this.accounts,
          name: this.name,
          // Looked up for each write, because the previous one may have deleted the account.
          tables: this.accounts.register(this.name, transaction).tables,
          transaction,
          nextSequence: () => this.accounts.nextSequence(),
        }),
      );
    });
  }

  close(): void {
    this.#closed = true;
  }

  #requireOpen(action: string): void {
    if (this.#closed) throw new ClosedError(`${action}: the backend is closed`);
  }

  #transact<T>(failAt: number | undefined, change: (transaction: Transaction) => T): T {
    const transaction = new Transaction(failAt);
    try {
      return change(transaction);
    } catch (error) {
      transaction.rollback();
      throw error;
    }
  }

  #takeGuard(guard: OwnerGuard, transaction: Transaction): void {
    const tables = this.accounts.account(this.name)?.tables;
    const stored = tables?.owner.get("");
    const epoch = stored?.epoch ?? 0;
    if (stored?.owner !== guard.owner || epoch < guard.minEpoch || epoch > guard.maxEpoch) {
      throw new FencedError("commit: a later owner has opened the account");
    }
    if (guard.withoutDevice === true && tables?.device.get("") !== undefined) {
      throw new FencedError("commit: the account has a device");
    }
    if (guard.next === undefined) return;
    const { owner } = this.accounts.register(this.name, transaction).tables;
    owner.set("", { owner: guard.next.owner, epoch: guard.next.epoch }, transaction);
  }
}
