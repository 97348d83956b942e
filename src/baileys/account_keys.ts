import type { Account } from "../account/mod.ts";
import { isText, type Write } from "../backend/mod.ts";
import type { KeyedLock } from "../cache/mod.ts";
import { distance, laterId, nextId } from "../device/mod.ts";
import { requireList, requireObject } from "../errors/mod.ts";
import type { SignalRecords } from "../signal/mod.ts";
import type { CachedChange, CachedContext, CachedKind } from "./cached_kind.ts";
import { CollectionStates, type StoredCollection } from "./collection_states.ts";
import type { ConsumedPreKeys } from "./consumed_pre_keys.ts";
import { hostBytes } from "./host_bytes.ts";
import type { CollectionKind, Entry, KeyContext, KeyKind } from "./key_kind.ts";
import { type ListedKeys, listIds, listKeys } from "./key_listing.ts";
import type { KeyDataSet, KeyStore, KeyType } from "./library_types.ts";
import { settleLosses } from "./lost_sender_keys.ts";
import { senderKeyMemoryKind, syncKeyKind, syncVersionKind } from "./protocol_kinds.ts";
import { phoneNumberJidOf } from "./repository_address.ts";
import { identityKind, preKeyKind, senderKeyKind, sessionKind } from "./signal_kinds.ts";
import type { NodeSignalCache } from "./signal_state.ts";
import type { ToldMappings } from "./told_mappings.ts";
import { deviceListKind, lidMappingKind, pairsIn, tcTokenKind, tokenNumbersIn } from "./user_kinds.ts";

type AnyKind = KeyKind | CachedKind | CollectionKind;

/** Baileys' types of keys. Those with `changes` are in the Signal cache, the others in the stores. */
const KINDS: Readonly<Record<KeyType, AnyKind>> = {
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

/** Every address and name is canonical. */
const NO_PLACES: ReadonlyMap<string, string> = new Map();

/**
 * Maximum number of ids in one `get`, and of values in one `set`. Baileys' largest call has 812 initial
 * pre-keys.
 */
const MAX_IDS = 100_000;

/** Maximum number of pre-keys that one call counts. Baileys makes 812 at a time, from its counter on. */
const MAX_COUNTED_IDS = 4_096;

/** The line that is missing where only the auth state is wired. */
const UNGUARDED =
  "baileys: sessions are stored without the Signal repository, so a crash may repeat message keys; add to " +
  "makeWASocket({ … }): makeSignalRepository: signalRepository(account, " +
  "DEFAULT_CONNECTION_CONFIG.makeSignalRepository)";

/** Dependencies of {@link AccountKeys}. */
export interface AccountKeysParts {
  readonly account: Account;
  readonly cache: NodeSignalCache;
  readonly told: ToldMappings;
  /** See `BaileysBinding`. */
  readonly spellings: KeyedLock;
  readonly consumed: ConsumedPreKeys;
}

/** The converted values of a `set`, before any change. */
interface Conversion {
  readonly changes: readonly CachedChange[];
  readonly writes: readonly Write[];
  readonly collections: readonly StoredCollection[];
}

/**
 * An account's keys as Baileys' `SignalKeyStore`. Sessions, sender keys and identities are in the account's
 * Signal cache; everything else is read from the stores and written through.
 *
 * `get` and `set` are for the socket and other callers: they take locks, copy and check, and `set` resolves
 * when its values are durable. `lend` and `take` are for libsignal-node inside an operation of the Signal
 * repository, which holds the locks and makes the required state durable itself.
 */
export class AccountKeys implements KeyStore {
  readonly #account: Account;
  readonly #cache: NodeSignalCache;
  readonly #told: ToldMappings;
  readonly #spellings: KeyedLock;
  readonly #consumed: ConsumedPreKeys;
  readonly #collections: CollectionStates;
  /** Called with the JIDs of the devices that hold our sender key, when Baileys reads them for a group. */
  holdersRead: (devices: readonly string[]) => void = () => {};
  /** Whether a Signal repository over these keys was made, or sessions without one were warned of. */
  isGuarded = false;
  /** Resolves when every pre-key that may be read is durable. */
  preKeysDurable: () => Promise<void> = async () => {};

  constructor({ account, cache, told, spellings, consumed }: AccountKeysParts) {
    this.#account = account;
    this.#cache = cache;
    this.#told = told;
    this.#spellings = spellings;
    this.#consumed = consumed;
    this.#collections = new CollectionStates(account);
  }

  /**
   * Reads values by id, owned by the caller. Omits absent and invalid ids. Also omits unreadable sessions and
   * sender keys, which go to the quarantine.
   *
   * @throws {TypeError} When the type is not one of Baileys' ten.
   * @throws {CorruptError | WrongLengthError} When a stored value of another type, or our own sender key, is
   * invalid.
   */
  readonly get = async (type: KeyType, ids: readonly string[]): Promise<Record<string, unknown>> => {
    const kind = kindOf(type);
    requireList("get keys: ids", ids);
    requireCount("get", ids.length);
    const stored = "changes" in kind ? storedIds(kind, ids) : [];
    const places = await this.#cache.locate(stored);
    return await this.#read(type, ids, this.#context(false, placeMap(stored, places)));
  };

  /**
   * As `get`, for libsignal-node, which must not change the values.
   *
   * @param places Canonical addresses and names by the address or name of an id. The caller holds their
   * locks.
   */
  readonly lend = (
    type: KeyType,
    ids: readonly string[],
    places: ReadonlyMap<string, string>,
  ): Promise<Record<string, unknown>> => this.#read(type, ids, this.#context(true, places));

  /**
   * Stores values under the locks of their addresses. They are durable when it resolves, in one commit.
   * Mappings come first, in a separate commit with the state that they move. When it rejects because of a
   * malformed value, nothing has changed. When the commit fails, sessions, sender keys and identities are in
   * memory and written later; one that the backend refuses does not block the others.
   *
   * @throws {TypeError} When a type or an id is malformed.
   * @throws {CorruptError | WrongLengthError} When a value is malformed.
   * @throws {RewindError} When a session or sender key would go back on its sending chain.
   */
  readonly set = async (data: KeyDataSet): Promise<void> => {
    requireObject("set keys: data", data);
    if (!this.isGuarded && data.session !== undefined) this.#warnOfSessions(data.session);
    const pairs = pairsIn(data["lid-mapping"]);
    if (pairs.length > 0) {
      // Learns nothing when another value is malformed.
      if (Object.keys(data).length > 1) await this.#convert(data, this.#context(false, NO_PLACES));
      await this.#told.learnUsers(pairs);
    }
    const stored = Object.entries(data).flatMap(([type, values]) => {
      const kind = kindOf(type);
      return "changes" in kind ? storedIds(kind, Object.keys(values ?? {})) : [];
    });
    // Waits for operations that began earlier on the same addresses or names.
    await this.#spellings.withKeys(spellingsIn(data), () =>
      this.#cache.withPlaces(stored, async (places) => {
        const converted = await this.#convert(data, this.#context(false, placeMap(stored, places)));
        await this.#apply(converted, data);
        await this.#cache.makeDurable(converted.changes.map(({ address }) => address));
      }),
    );
  };

  /**
   * As `set`, for libsignal-node, whose caller holds the locks. When it resolves, sessions, sender keys and
   * identities are in memory; other values are durable, together with all items that were dirty. The removal
   * of a consumed pre-key waits for its session.
   *
   * @param places As for `lend`.
   */
  readonly take = async (data: KeyDataSet, places: ReadonlyMap<string, string>): Promise<void> => {
    await this.#told.learnUsers(pairsIn(data["lid-mapping"]));
    const removals = data["pre-key"];
    const rest = removals === undefined ? data : { ...data, "pre-key": await this.#consume(removals) };
    await this.#apply(await this.#convert(rest, this.#context(true, places)), rest);
  };

  /**
   * The ids of all values of a type, each once, those in memory too. The id of a phone number whose LID is
   * known is that of the LID, under which the value is kept.
   *
   * @throws {TypeError} When the type is not one of Baileys' ten.
   * @throws {CorruptError} At a damaged row, unless `get` omits it.
   */
  readonly listIds = (type: KeyType): AsyncGenerator<string, void, undefined> => {
    kindOf(type);
    return listIds(this.#listed, type);
  };

  /** As `listIds`, with the values of `get`. */
  readonly list = (type: KeyType): AsyncGenerator<[id: string, value: unknown], void, undefined> => {
    kindOf(type);
    return listKeys(this.#listed, type);
  };

  get #listed(): ListedKeys {
    return {
      account: this.#account,
      get: this.get,
      isGone: (type, id) => type === "pre-key" && this.#consumed.has(id),
    };
  }

  /**
   * As `take`, for the sets of one decryption, which change in memory at once. The writes and the removal of
   * a consumed pre-key land in the commit that makes the record of `place` durable.
   */
  readonly takeStep = async (
    sets: readonly KeyDataSet[],
    { place, writes }: { readonly place: string; readonly writes: readonly Write[] },
    places: ReadonlyMap<string, string>,
  ): Promise<void> => {
    const consumed: number[] = [];
    const noted = { consumePreKey: async (_: string, id: number) => void consumed.push(id) };
    const rest: { [type: string]: Record<string, unknown> } = {};
    for (const [type, values] of sets.flatMap((data) => Object.entries(data))) {
      const kept = type === "pre-key" ? await this.#consume(values ?? {}, noted) : values;
      rest[type] = { ...rest[type], ...kept };
    }
    try {
      const conversion = await this.#convert(rest, this.#context(true, places));
      const removals = consumed.map((id): Write => ({ kind: "preKey.remove", id }));
      await this.#apply(withRiders(conversion, place, [...writes, ...removals]), rest);
    } catch (error) {
      for (const id of consumed) this.#consumed.replaced(String(id));
      throw error;
    }
  };

  /** Warns once when sessions are stored as if there were no repository: keys are then lost and repeated. */
  #warnOfSessions(sessions: Readonly<Record<string, unknown>>): void {
    if (Object.values(sessions).every((session) => session === null)) return;
    this.isGuarded = true;
    this.#account.host.logger.log("warn", UNGUARDED);
  }

  #context(isLibrary: boolean, places: ReadonlyMap<string, string>): CachedContext {
    return { cache: this.#cache, wrapBytes: hostBytes, isLibrary, places };
  }

  async #read(
    type: KeyType,
    ids: readonly string[],
    context: CachedContext,
  ): Promise<Record<string, unknown>> {
    const possible = ids.filter(isText);
    const kind = kindOf(type);
    if ("changes" in kind) return Object.fromEntries(await kind.read(context, possible));
    if (type === "pre-key") await this.preKeysDurable();
    if (type === "sender-key-memory") {
      await settleLosses({ account: this.#account, cache: this.#cache }, possible);
    }
    const found = await kind.read(this.#stored, possible);
    if (type === "sender-key-memory") this.holdersRead(found.flatMap(([, memory]) => holdersIn(memory)));
    const isThere = ([id]: Entry): boolean => type !== "pre-key" || !this.#consumed.has(id);
    return Object.fromEntries(found.filter(isThere));
  }

  async #convert(data: KeyDataSet, context: CachedContext): Promise<Conversion> {
    const changes: CachedChange[] = [];
    const writes: Write[] = [];
    const collections: StoredCollection[] = [];
    for (const [type, values] of Object.entries(data)) {
      const entries = Object.entries(values ?? {}).filter(([, value]) => value !== undefined);
      requireCount("set", entries.length);
      const kind = kindOf(type);
      if ("changes" in kind) {
        for (const change of kind.changes(context, entries)) changes.push(change);
        continue;
      }
      if ("collections" in kind) {
        collections.push(...kind.collections(entries));
        continue;
      }
      for (const write of await kind.writes(this.#stored, entries)) writes.push(write);
    }
    return { changes, writes, collections };
  }

  get #stored(): KeyContext {
    return {
      account: this.#account,
      told: this.#told,
      collections: this.#collections,
      wrapBytes: hostBytes,
    };
  }

  async #apply({ changes, writes, collections }: Conversion, data: KeyDataSet): Promise<void> {
    await this.#collections.store(collections, (patches) =>
      this.#cache.change(changes, () => {
        for (const { store, address, value } of changes) {
          if (store === "session" && value === undefined) this.#consumed.forget(address);
        }
        return this.#write([...writes, ...patches], data);
      }),
    );
  }

  async #write(writes: readonly Write[], data: KeyDataSet): Promise<void> {
    if (writes.length === 0) return;
    for (const id of Object.keys(data["pre-key"] ?? {})) this.#consumed.replaced(id);
    this.#moveWatermark(writes);
    await this.#account.commitWith(writes);
    this.#told.storedUnder(tokenNumbersIn(writes));
  }

  /** Leaves the removal of consumed pre-keys to their sessions. Returns the other values. */
  async #consume(
    values: Readonly<Record<string, unknown>>,
    sessions: Pick<SignalRecords<never>, "consumePreKey"> = this.#cache.sessions,
  ): Promise<Record<string, unknown>> {
    const rest: Record<string, unknown> = {};
    for (const [id, value] of Object.entries(values)) {
      const isConsumed = value === null && (await this.#consumed.consume(id, sessions));
      if (!isConsumed) rest[id] = value;
    }
    return rest;
  }

  /**
   * Baileys does not wait until its counters are saved, so they are derived from the pre-keys, in the same
   * commit.
   */
  #moveWatermark(writes: readonly Write[]): void {
    const counter = this.#account.device.getDeviceSnapshot().nextPreKeyId;
    let next = counter;
    for (const write of writes) {
      // Baileys has not counted a key whose id is far from the counter.
      const isCounted = write.kind === "preKey.put" && distance(next, write.id) < MAX_COUNTED_IDS;
      if (isCounted) next = laterId(next, nextId(write.id));
    }
    if (next === counter) return;
    this.#account.device.modifyDevice((draft) => {
      draft.nextPreKeyId = next;
    });
  }
}

/** Adds writes to the change of a record. Without such a change they are committed as they are. */
function withRiders(conversion: Conversion, place: string, riders: readonly Write[]): Conversion {
  const { changes, writes } = conversion;
  const at = changes.findIndex(({ store, address }) => store !== "identity" && address === place);
  if (at < 0) return { ...conversion, writes: [...writes, ...riders] };
  return {
    ...conversion,
    changes: changes.map((change, index) =>
      index === at && change.store !== "identity" ? { ...change, riders } : change,
    ),
  };
}

/** The devices that a `sender-key-memory` marks as holders. */
function holdersIn(memory: unknown): string[] {
  return Object.entries(memory as object).flatMap(([device, hasKey]) => (hasKey === true ? [device] : []));
}

/** The addresses and names of ids, without invalid ids. */
function storedIds(kind: CachedKind, ids: readonly string[]): string[] {
  return ids.filter(isText).flatMap((id) => kind.storedId(id) ?? []);
}

/** The spellings that repository operations lock for the same sessions, identities and sender keys. */
function spellingsIn(data: KeyDataSet): string[] {
  const ids = (type: KeyType): string[] => Object.keys(data[type] ?? {});
  const addresses = [...ids("session"), ...ids("identity-key")];
  return [...addresses.flatMap((id) => phoneNumberJidOf(id) ?? []), ...ids("sender-key")];
}

function placeMap(stored: readonly string[], places: readonly string[]): ReadonlyMap<string, string> {
  return new Map(stored.map((text, index) => [text, places[index] ?? text]));
}

function kindOf(type: string): AnyKind {
  if (typeof type !== "string" || !Object.hasOwn(KINDS, type))
    throw new TypeError("keys: unknown type of key");
  return KINDS[type as KeyType];
}

function requireCount(action: string, count: number): void {
  if (count > MAX_IDS)
    throw new RangeError(`${action} keys: ${count} ids, at most ${MAX_IDS} are allowed at once`);
}
