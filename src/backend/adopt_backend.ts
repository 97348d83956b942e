import { IncompleteBackendError } from "../errors/mod.ts";
import type { AppSyncStore } from "./app_sync_store.ts";
import type { Backend, Committer } from "./backend.ts";
import { type ComposedStores, composePlainBackend } from "./compose_backend.ts";
import type { WithCommitterOptions } from "./create_backend.ts";
import type { DeviceStore } from "./device_store.ts";
import type { ProtocolStore } from "./protocol_store.ts";
import { READ_METHODS, storeOfRead } from "./reads.ts";
import type { RowReads } from "./row_listing.ts";
import type { SignalStore } from "./signal_store.ts";
import type { WriteKind } from "./write.ts";
import type { StoreName } from "./write_row.ts";
import { storeOfKind, WRITES } from "./writes.ts";

/** One object with the methods of all four stores. */
export interface FlatStores extends SignalStore, AppSyncStore, ProtocolStore, DeviceStore, RowReads {
  /** Called once, when the backend is closed. */
  close?(): Promise<void>;
}

/**
 * An object with the four stores: a backend, four store objects, or one object with the methods of all four.
 */
export type BackendLike = Backend | ComposedStores | FlatStores;

const STORE_NAMES: readonly StoreName[] = ["signal", "appSync", "protocol", "device"];

/** The members that make a backend of the four stores. An object with a `commit` must have all of them. */
const COMMITTER: readonly (keyof Committer)[] = ["commit", "readOwner", "capabilities", "close"];

/**
 * Makes a backend of an object with the four stores. A backend is used as it is. `composeBackend` joins
 * stores without a `commit`, with its weaker guarantees.
 *
 * @throws {IncompleteBackendError} When a store or a method is missing.
 */
export function adoptBackend(action: string, like: BackendLike, options: WithCommitterOptions = {}): Backend {
  const stores = storesOf(like);
  const isBackend = has(like, "commit");
  const missing = [
    ...(isBackend ? COMMITTER.filter((name) => !has(like, name)) : []),
    ...missingOf(like, stores),
  ];
  if (missing.length > 0) throw new IncompleteBackendError(action, missing);
  return isBackend ? (like as Backend) : composePlainBackend(stores as ComposedStores, options);
}

/** The object of each store: the member with its name, or one object for all. */
function storesOf(like: BackendLike): { [Name in StoreName]?: unknown } & Pick<ComposedStores, "close"> {
  if (!has(like, "commit") && STORE_NAMES.some((name) => isObject(memberOf(like, name)))) {
    return like as ComposedStores;
  }
  const flat = like as FlatStores;
  const close = has(flat, "close") ? { close: async () => await flat.close?.() } : {};
  return { signal: flat, appSync: flat, protocol: flat, device: flat, ...close };
}

function missingOf(like: unknown, stores: { readonly [Name in StoreName]?: unknown }): string[] {
  return STORE_NAMES.flatMap((name) => {
    const store = stores[name];
    if (!isObject(store)) return [name];
    const prefix = store === like ? "" : `${name}.`;
    return methodsOf(name)
      .filter((method) => typeof memberOf(store, method) !== "function")
      .map((method) => `${prefix}${method}`);
  });
}

/** The methods of a store that a composed backend calls. */
function methodsOf(name: StoreName): readonly string[] {
  const kinds = (Object.keys(WRITES) as WriteKind[]).filter((kind) => storeOfKind(kind) === name);
  const reads = READ_METHODS.filter((method) => {
    const store = storeOfRead(method);
    // No table of the device's store is listed.
    return store === "table" ? name !== "device" : store === name;
  });
  return [...new Set([...reads, ...kinds.map((kind) => WRITES[kind].by)])];
}

function has(like: unknown, name: string): boolean {
  return memberOf(like, name) !== undefined;
}

function memberOf(like: unknown, name: string): unknown {
  return isObject(like) ? Reflect.get(like, name) : undefined;
}

function isObject(value: unknown): value is object {
  return (typeof value === "object" && value !== null) || typeof value === "function";
}
