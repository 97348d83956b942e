import type { CacheChange } from "../signal/mod.ts";
import type { WrapBytes } from "./convert/mod.ts";
import type { Entry } from "./key_kind.ts";
import type { NodeSenderKeyRecord } from "./node_sender_key_record.ts";
import type { NodeSessionRecord } from "./node_session_record.ts";
import type { NodeSignalCache } from "./signal_state.ts";

/** Where the keys of the Signal cache are, and how values are handed over. */
export interface CachedContext {
  readonly cache: NodeSignalCache;
  readonly wrapBytes: WrapBytes;
  /**
   * Whether the other side is libsignal-node, inside the Signal repository: what it serialises is its own and
   * well-formed, and what it is given it only reads. Everybody else gets copies, and what they give is
   * checked.
   */
  readonly isLibrary: boolean;
  /**
   * Where state is kept, by the Signal address or sender key name that an id stands for; under its own where
   * nothing is said.
   */
  readonly places: ReadonlyMap<string, string>;
}

/** A change of one entry of the cache, converted and not yet made. */
export type CachedChange = CacheChange<NodeSessionRecord, NodeSenderKeyRecord>;

/** A type of Baileys' keys that lives in the Signal cache. */
export interface CachedKind {
  /** The Signal address or sender key name that an id stands for, if it is one. */
  storedId(id: string): string | undefined;
  /**
   * The values of those ids that are there. Ids that no stored value can have are not there.
   *
   * @throws {CorruptError | WrongLengthError} When our own sender key, or an identity, cannot be understood.
   */
  read(context: CachedContext, ids: readonly string[]): Promise<Entry[]>;
  /**
   * The changes that store these values; `null` deletes.
   *
   * @throws {TypeError} When an id is malformed.
   * @throws {CorruptError | WrongLengthError} When a value is.
   */
  changes(context: CachedContext, entries: readonly Entry[]): CachedChange[];
}
