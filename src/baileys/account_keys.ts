import type { Account } from "../account/mod.ts";
import { isText, type Write } from "../backend/mod.ts";
import type { KeyedLock } from "../cache/mod.ts";
import { hostBytes } from "./host_bytes.ts";
import type { KeyKind } from "./key_kind.ts";
import type { KeyDataSet, KeyStore, KeyType } from "./library_types.ts";
import {
  deviceListKind,
  lidMappingKind,
  senderKeyMemoryKind,
  syncKeyKind,
  syncVersionKind,
  tcTokenKind,
} from "./protocol_kinds.ts";
import { identityKind, preKeyKind, senderKeyKind, sessionKind } from "./signal_kinds.ts";

/** Baileys' ten types of keys. */
const KINDS: Readonly<Record<KeyType, KeyKind>> = {
  "pre-key": preKeyKind,
  session: sessionKind,
  "sender-key": senderKeyKind,
  "sender-key-memory": senderKeyMemoryKind,
  "app-state-sync-key": syncKeyKind,
  "app-state-sync-version": syncVersionKind,
  "lid-mapping": lidMappingKind,
  "device-list": deviceListKind,
  tctoken: tcTokenKind,
  "identity-key": identityKind,
};

/** Types whose ids are what the repository locks: a session's address (its identity too) or a sender key's name. */
const LOCKED_TYPES: readonly KeyType[] = ["session", "identity-key", "sender-key"];

/** Most ids in one `get`, and most values in one `set`. Baileys' largest are its 812 initial pre-keys. */
const MAX_IDS = 100_000;

/**
 * An account's keys as Baileys' `SignalKeyStore`: `get` answers with what exists, `set` is one commit of everything in
 * it, and `null` deletes. Values are the caller's own, on both ways.
 */
export class AccountKeys implements KeyStore {
  readonly #account: Account;
  readonly #locks: KeyedLock;
  /** Resolves when every pre-key that may be asked for is durable. */
  preKeysSettled: () => Promise<void> = async () => {};

  constructor(account: Account, locks: KeyedLock) {
    this.#account = account;
    this.#locks = locks;
  }

  /**
   * Reads values by id. Ids that are not there, or that no stored value can have, are left out.
   *
   * @throws {TypeError} When the type is none of Baileys' ten.
   * @throws {CorruptError | WrongLengthError} When a stored value cannot be understood.
   */
  readonly get = async (type: KeyType, ids: readonly string[]): Promise<Record<string, unknown>> => {
    const kind = kindOf(type);
    requireCount("get", ids.length);
    if (type === "pre-key") await this.preKeysSettled();
    const possible = ids.filter(isText);
    return Object.fromEntries(await kind.read({ account: this.#account, wrapBytes: hostBytes }, possible));
  };

  /**
   * Stores values under the locks of their addresses. Durable when it resolves; all of it or nothing.
   *
   * @throws {TypeError} When a type or an id is malformed.
   * @throws {CorruptError | WrongLengthError} When a value is.
   */
  readonly set = async (data: KeyDataSet): Promise<void> => {
    const ids = LOCKED_TYPES.flatMap((type) => Object.keys(data[type] ?? {}));
    await this.#locks.withKeys(ids, () => this.setUnlocked(data));
  };

  /** As `set`, for a caller that holds the locks. */
  readonly setUnlocked = async (data: KeyDataSet): Promise<void> => {
    const context = { account: this.#account, wrapBytes: hostBytes };
    const writes: Write[] = [];
    for (const [type, values] of Object.entries(data)) {
      const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
      requireCount("set", entries.length);
      for (const write of await kindOf(type).writes(context, entries)) writes.push(write);
    }
    if (writes.length === 0) return;
    this.#moveWatermark(writes);
    await this.#account.commitWith(writes);
  };

  /** Baileys does not wait for its counters to be saved: they follow from the pre-keys, in the same commit. */
  #moveWatermark(writes: readonly Write[]): void {
    let next = 0;
    for (const write of writes) if (write.kind === "preKey.put") next = Math.max(next, write.id + 1);
    if (next <= this.#account.device.getDeviceSnapshot().nextPreKeyId) return;
    this.#account.device.modifyDevice((draft) => {
      draft.nextPreKeyId = next;
    });
  }
}

function kindOf(type: string): KeyKind {
  if (!Object.hasOwn(KINDS, type)) throw new TypeError("keys: unknown type of key");
  return KINDS[type as KeyType];
}

function requireCount(action: string, count: number): void {
  if (count > MAX_IDS)
    throw new RangeError(`${action} keys: ${count} ids, at most ${MAX_IDS} are allowed at once`);
}
