import type { CacheChange } from "../signal/mod.ts";
import type { WrapBytes } from "./convert/mod.ts";
import type { Entry } from "./key_kind.ts";
import type { NodeSenderKeyRecord } from "./node_sender_key_record.ts";
import type { NodeSessionRecord } from "./node_session_record.ts";
import type { NodeSignalCache } from "./signal_state.ts";

/** Context of reads and changes of keys in the Signal cache. */
export interface CachedContext {
  readonly cache: NodeSignalCache;
  readonly wrapBytes: WrapBytes;
  /**
   * Whether the caller is libsignal-node, inside the Signal repository: its values are well-formed and not
   * shared, and it does not change returned values. Other callers get copies, and their values are checked.
   */
  readonly isLibrary: boolean;
  /**
   * Canonical addresses and names by the Signal address or sender key name of an id. Missing ones are
   * canonical.
   */
  readonly places: ReadonlyMap<string, string>;
}

/** A converted change of one entry of the cache. */
export type CachedChange = CacheChange<NodeSessionRecord, NodeSenderKeyRecord>;

/** A type of Baileys' keys in the Signal cache. */
export interface CachedKind {
  /** The Signal address or sender key name of an id; `undefined` for an invalid id. */
  storedId(id: string): string | undefined;
  /**
   * The present values of ids. Omits absent and invalid ids.
   *
   * @throws {CorruptError | WrongLengthError} When our own sender key or an identity is invalid.
   */
  read(context: CachedContext, ids: readonly string[]): Promise<Entry[]>;
  /**
   * Returns the changes that store these values; `null` deletes.
   *
   * @throws {TypeError} When an id is malformed.
   * @throws {CorruptError | WrongLengthError} When a value is malformed.
   */
  changes(context: CachedContext, entries: readonly Entry[]): CachedChange[];
}
