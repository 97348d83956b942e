import { ClosedError } from "../errors/mod.ts";
import type { HashState } from "../records/mod.ts";
import type { AppSyncStore } from "./app_sync_store.ts";
import { storedState } from "./app_sync_writes.ts";
import type { Backend, BackendCore, Capabilities, CommitOptions, OwnerState, ReadMethod } from "./backend.ts";
import { DEFAULT_MAX_VALUE_BYTES } from "./backend.ts";
import {
  type CreateBackendOptions,
  createBackend,
  createPlainBackend,
  type WithCommitterOptions,
} from "./create_backend.ts";
import type { DeviceStore } from "./device_store.ts";
import { callRead, ForwardingReads, READ } from "./forwarding_reads.ts";
import type { ProtocolStore } from "./protocol_store.ts";
import { storeOfRead } from "./reads.ts";
import { type ListedTable, ROW_KINDS, type RowReads } from "./row_listing.ts";
import { argumentsOf } from "./setter.ts";
import type { SignalStore } from "./signal_store.ts";
import type { Write } from "./write.ts";
import type { StoreName } from "./write_row.ts";
import { SETTERS, storeOfKind, WRITES } from "./writes.ts";

/** Four independent stores, and how to close them. Each lists the rows of its own tables. */
export interface ComposedStores {
  /** Identities, sessions, pre-keys, sender keys, and the rows of their tables. */
  readonly signal: SignalStore & RowReads;
  /** Keys, versions and MACs of app state, and the rows of their tables. */
  readonly appSync: AppSyncStore & RowReads;
  /** Mappings, device lists, groups, tokens and messages, and the rows of their tables. */
  readonly protocol: ProtocolStore & RowReads;
  /** The device, and the accounts of the database. The device is read by `load`, not listed. */
  readonly device: DeviceStore;
  /** Called once, when the composed backend is closed. */
  close?(): Promise<void>;
}

/**
 * Joins four separate store implementations into one backend. Each write becomes a call of its store, in
 * order.
 *
 * Such a backend cannot promise what a transaction promises, and says so: `atomicCommit`, `fencing` and
 * `durableOnResolve` are false. A commit that fails half way leaves its first writes applied; every write is
 * idempotent, so committing the same list again is right. Rows changed are counted as 1 where a store does
 * not tell. Deleting and clearing an account and the snapshot reach only what the device store knows of:
 * before a device takes another identity, empty the other stores.
 */
export function composeBackend(stores: ComposedStores, options: CreateBackendOptions = {}): Backend {
  return createBackend(new ComposedCore(stores), options);
}

/** As `composeBackend`, for hosts that bundle no transform of stored values. */
export function composePlainBackend(stores: ComposedStores, options: WithCommitterOptions): Backend {
  return createPlainBackend(new ComposedCore(stores), options);
}

class ComposedCore extends ForwardingReads implements BackendCore {
  readonly capabilities: Capabilities = {
    atomicCommit: false,
    fencing: false,
    durableOnResolve: false,
    maxValueBytes: DEFAULT_MAX_VALUE_BYTES,
    maxParameters: undefined,
  };
  readonly #stores: ComposedStores;
  #closed = false;

  constructor(stores: ComposedStores) {
    super();
    this.#stores = stores;
  }

  async commit(writes: readonly Write[], options?: CommitOptions): Promise<number[]> {
    if (this.#closed) throw new ClosedError("commit: the backend is closed");
    if (options?.guard !== undefined) throw new TypeError("commit: a composed backend cannot check a guard");
    const changed: number[] = [];
    for (const write of writes) {
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

  override [READ](method: ReadMethod, args: readonly unknown[]): unknown {
    const store = storeOfRead(method);
    const name = store === "table" ? storeOfTable(args[0] as ListedTable) : store;
    const answer = callRead(this.#stores[name], method, args);
    return method === "getVersion" ? (answer as Promise<HashState>).then(storedState) : answer;
  }
}

/** Calls the setter of a write. Stamps of the store itself are kept. */
async function apply(stores: ComposedStores, write: Write): Promise<unknown> {
  if (write.kind === "sentMessage.delete") {
    return (await stores.protocol.takeSentMessage(write.chat, write.id)) === undefined ? 0 : 1;
  }
  const { by } = WRITES[write.kind];
  const setters = stores[storeOfKind(write.kind)] as unknown as Readonly<
    Record<string, (...args: readonly unknown[]) => Promise<unknown>>
  >;
  return await setters[by]?.(...argumentsOf(SETTERS[by as keyof typeof SETTERS], write));
}

function storeOfTable(table: ListedTable): keyof ComposedStores & StoreName {
  return storeOfKind(ROW_KINDS[table]);
}
