import type { Jid } from "../../addresses/mod.ts";
import {
  isText,
  type LearningSource,
  type LidPnMapping,
  type ProtocolReads,
  type Write,
} from "../../backend/mod.ts";
import {
  BatchedReads,
  forgetElsewhere,
  KeyedLock,
  MAX_CACHED_MAPPINGS,
  type ValueCache,
} from "../../cache/mod.ts";
import {
  AmbiguousError,
  requireFunction,
  requireList,
  requireObject,
  requireObjects,
} from "../../errors/mod.ts";
import { type Clock, type Logger, nowSeconds } from "../../ports/mod.ts";
import { contradictedBy, dateOf, isNewest, isNews, type KnownMapping } from "./learning_policy.ts";
import {
  type LearntMapping,
  lastOfEach,
  type NormalizedMapping,
  normalizeMappings,
} from "./learnt_mapping.ts";
import { lidAddress, lidJid, userOfSignalAddress } from "./lid_addresses.ts";
import { OfflineMappings } from "./offline_mappings.ts";
import type { MappingRefusal, OwnUsers } from "./own_users.ts";

/** Limit of mappings per call of `learn`. A user sync of a large community stays below it. */
const MAX_LEARNT = 100_000;

/** A cached mapping, or the fact that there is none. */
export type CachedMapping = LidPnMapping | { readonly absent: true };

const ABSENT: CachedMapping = Object.freeze({ absent: true });

/** Dependencies of a LID cache. */
export interface LidPnCacheParts {
  readonly reads: Pick<
    ProtocolReads,
    "getAllLidMappings" | "getLidMapping" | "getLidMappings" | "getPnMapping" | "getPnMappings"
  >;
  /** Commits writes, such as `commitWith` of an account. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Our own JIDs. Mappings with exactly one end of ours are refused. */
  readonly own: OwnUsers;
  readonly byLid: ValueCache<string, CachedMapping>;
  readonly byPn: ValueCache<string, CachedMapping>;
}

/** Where and when mappings were seen. */
export interface LearnOptions {
  /** Where the mappings come from. Decides which stored ones they may replace. */
  readonly source: LearningSource;
  /**
   * The mapping comes from a replay of offline events. It stays in memory only and is stored when it is seen
   * live.
   */
  readonly offline?: boolean | undefined;
}

/** A phone number and its LID, as user parts. */
export interface MappedUser {
  /** User part of the phone number. */
  readonly pn: string;
  /** User part of the LID. */
  readonly lid: string;
}

/** A phone number that resolves to another LID than before. */
export interface ResolvedPhone {
  /** User part of the phone number. */
  readonly phoneNumber: string;
  /** User part of its LID now. */
  readonly lid: string;
  /** The previous LID. It still resolves to the phone number. */
  readonly previousLid: string | undefined;
}

/**
 * Commits learnt mappings together with the writes that depend on them. Must call `land` if and only if the
 * writes are durable, before it releases any lock. `land` updates memory.
 */
export type CommitLearnt = (
  writes: readonly Write[],
  resolved: readonly ResolvedPhone[],
  land: () => void,
) => Promise<void>;

/** Options of `learn` for modules of the account. */
export interface LearnRequest extends LearnOptions {
  /**
   * The mappings replace known ones, whatever their source. For clients whose own store would have been
   * overwritten.
   */
  readonly overrides?: boolean | undefined;
  /**
   * Commits the mappings and moves the state of the phone numbers. Defaults to a commit of the mappings
   * alone.
   */
  readonly commit?: CommitLearnt | undefined;
}

/** The result of `learn`. */
export interface LearnReport {
  /** Number of mappings that were stored because they were new or different. */
  readonly written: number;
  /**
   * Phone numbers with a new LID, whose state must move to it. Empty for a replay: state must not move before
   * the mapping is stored.
   */
  readonly resolved: readonly ResolvedPhone[];
  /**
   * Phone numbers whose known LID was contradicted by a source that may not overwrite it (`other`, `pairing`,
   * `device_notification`). The client should query the server for them.
   */
  readonly contradicted: readonly string[];
  /** Number of dropped mappings: exactly one end was ours, or the ends were swapped. */
  readonly refused: number;
}

/** An index of the mappings that another part keeps. Its methods must not throw. */
export interface LidWatcher {
  /** A mapping was learnt, or is in a commit of other code. Both are user parts. */
  learnt(mapping: { readonly lid: string; readonly phoneNumber: string }): void;
  /** Nothing of what was known is true any more. */
  forgotten(): void;
}

/** Counts since the cache was created. */
export interface LidPnStats {
  /** Queries to the store. */
  readonly queries: number;
  /** Refused mappings; see `LearnReport.refused`. */
  readonly refused: number;
}

/**
 * Mappings between LIDs and phone numbers in both directions, cached in memory over the store.
 *
 * - **Bounded.** A missing entry is read from the store, once for all concurrent callers. An eviction costs a
 *   query and never turns a LID back into a phone number. Absent mappings are cached too.
 * - **Newest wins.** A phone number resolves to the LID of its newest mapping; of equal dates, the one that
 *   was written last. Earlier LIDs still resolve to the phone number.
 * - **Ordering.** `learn` locks both ends, reads under the locks, commits, and then updates memory.
 * - **Durability.** Mappings that were seen live are durable when `learn` resolves.
 *
 * To teach the cache of an account, call `directory(account).learn`, which also moves the state of the users.
 * The cache does not notice mappings that are put into the store directly.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { directory } from "@holdfast/store/directory";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * const mapping = { lid: "100000000000001", phoneNumber: "5511999990000" };
 * await directory(account).learn([mapping], { source: "usync" });
 * const address = await account.lid.resolveAddress("5511999990000:3@c.us.0");
 * if (address !== "100000000000001:3@lid.0") throw new Error("not resolved");
 * ```
 */
export class LidPnCache {
  /** Our own JIDs. */
  readonly own: OwnUsers;
  readonly #parts: LidPnCacheParts;
  readonly #locks = new KeyedLock();
  readonly #byLid: BatchedReads<CachedMapping, undefined>;
  readonly #byPn: BatchedReads<CachedMapping, undefined>;
  readonly #offline = new OfflineMappings();
  /** Stored LIDs of phone numbers that have replayed mappings. */
  #storedLids: Map<string, Promise<string | undefined>> | undefined;
  /** The running warm-up. Only one runs at a time. */
  #warming: { readonly limit: number; readonly done: Promise<number> } | undefined;
  /** `lid:` and `pn:` keys of mappings that were learnt since it began. */
  #learntSince: Set<string> | undefined;
  /** Number of commits of other code that changed mappings. */
  #followed = 0;
  #queries = 0;
  #refused = 0;
  readonly #watchers: LidWatcher[] = [];

  /** Called by `openAccount`. No subpath exports the class as a value. */
  constructor(parts: LidPnCacheParts) {
    this.#parts = parts;
    this.own = parts.own;
    const { reads } = parts;
    const offline = this.#offline;
    this.#byLid = new BatchedReads<CachedMapping, undefined>({
      cache: parts.byLid,
      read: async (lids) => {
        this.#queries += 1;
        const stored = await reads.getLidMappings(lids);
        return lids.map((lid, index) => offline.ofLid(lid, stored[index]) ?? ABSENT);
      },
    });
    this.#byPn = new BatchedReads<CachedMapping, undefined>({
      cache: parts.byPn,
      read: async (phoneNumbers) => {
        this.#queries += 1;
        const stored = await reads.getPnMappings(phoneNumbers);
        return phoneNumbers.map((number, index) => offline.ofPn(number, stored[index]) ?? ABSENT);
      },
    });
  }

  /** Counts since the account was opened. */
  get stats(): LidPnStats {
    return { queries: this.#queries, refused: this.#refused };
  }

  /** The LID of a phone number, `undefined` when none is known. Both are user parts. @throws {StoreError} */
  async getLid(phoneNumber: string): Promise<string | undefined> {
    return isText(phoneNumber) ? mappingOf(await this.#byPn.get(phoneNumber, undefined))?.lid : undefined;
  }

  /** The phone number of a LID, `undefined` when none is known. Both are user parts. @throws {StoreError} */
  async getPn(lid: string): Promise<string | undefined> {
    return isText(lid) ? mappingOf(await this.#byLid.get(lid, undefined))?.phoneNumber : undefined;
  }

  /** As `getLid`, without waiting: `undefined` also when the entry is not cached. */
  peekLid(phoneNumber: string): string | undefined {
    return mappingOf(this.#byPn.peek(phoneNumber))?.lid;
  }

  /** As `getPn`, without waiting: `undefined` also when the entry is not cached. */
  peekPn(lid: string): string | undefined {
    return mappingOf(this.#byLid.peek(lid))?.phoneNumber;
  }

  /** As `getLid`, in the order of `phoneNumbers`. Reads all missing entries in one query. */
  async getLids(phoneNumbers: readonly string[]): Promise<(string | undefined)[]> {
    return await partsOf(this.#byPn, phoneNumbers, "lid");
  }

  /** As `getPn`, in the order of `lids`. Reads all missing entries in one query. */
  async getPns(lids: readonly string[]): Promise<(string | undefined)[]> {
    return await partsOf(this.#byLid, lids, "phoneNumber");
  }

  /**
   * Learns mappings as far as the policy of their source allows (`LEARNING_SOURCES`). Of several mappings for
   * one phone number the last counts. New ones land in one commit. Without the option `commit` no state is
   * moved.
   *
   * Drops mappings with exactly one end of ours, and those with swapped ends; it counts them and logs a
   * warning.
   *
   * @throws {TypeError} When a mapping is malformed. @throws {RangeError} When there are more than 100,000.
   * @throws {StoreError} When the store cannot be read or written. Nothing was learnt, except that after an
   *   `AmbiguousError` the commit may have been applied; the entries are then read from the store again.
   */
  async learn(mappings: readonly LearntMapping[], request: LearnRequest): Promise<LearnReport> {
    requireObjects("mappings", mappings);
    requireObject("options", request);
    if (mappings.length > MAX_LEARNT) {
      throw new RangeError(`learn LIDs: ${mappings.length} mappings, at most ${MAX_LEARNT} are allowed`);
    }
    const nowS = nowSeconds(this.#parts.clock);
    const normalized = normalizeMappings(mappings, request.source, nowS);
    const { accepted, refusals } = this.own.judge(normalized, request.source === "pairing");
    this.refuse(refusals);
    const refused = refusals.length;
    const given = lastOfEach(accepted);
    if (given.length === 0) return { written: 0, resolved: [], contradicted: [], refused };
    const keys = given.flatMap(({ lid, phoneNumber }) => [`lid:${lid}`, `pn:${phoneNumber}`]);
    const learnt = await this.#locks.withKeys(keys, () => this.#learn(given, request));
    return { ...learnt, refused };
  }

  /** Counts dropped mappings and logs a warning. */
  refuse(refusals: readonly MappingRefusal[]): void {
    if (refusals.length === 0) return;
    this.#refused += refusals.length;
    const swapped = refusals.filter((refusal) => refusal === "swapped").length;
    this.#parts.logger.log("warn", "learn LIDs: mappings were refused", {
      swapped,
      halfOwn: refusals.length - swapped,
    });
  }

  /**
   * Reads at most `limit` of the newest mappings into memory, in one pass. Keeps mappings that are learnt
   * during the read, and skips phone numbers with replayed mappings. Concurrent calls share a read that
   * covers their limit.
   *
   * @returns Number of mappings read.
   * @throws {RangeError} When `limit` is not a count. @throws {StoreError}
   */
  async warmUp(options: { readonly limit?: number } = {}): Promise<number> {
    requireObject("options", options);
    const { limit = MAX_CACHED_MAPPINGS } = options;
    if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError("warm up LIDs: limit is no count");
    if (limit === 0) return 0;
    for (let other = this.#warming; other !== undefined; other = this.#warming) {
      if (other.limit >= limit) return await other.done;
      // Its own caller handles the failure.
      await other.done.catch(() => undefined);
    }
    const learnt = new Set<string>();
    this.#learntSince = learnt;
    const warming = { limit, done: this.#warmUp(limit, learnt) };
    this.#warming = warming;
    try {
      return await warming.done;
    } finally {
      this.#warming = undefined;
      this.#learntSince = undefined;
    }
  }

  async #warmUp(limit: number, learnt: ReadonlySet<string>): Promise<number> {
    const byLid = this.#byLid;
    const byPn = this.#byPn;
    const offline = this.#offline;
    this.#queries += 1;
    const found: LidPnMapping[] = [];
    for await (const mapping of this.#parts.reads.getAllLidMappings()) {
      found.push(mapping);
      if (found.length >= limit) break;
    }
    // The oldest mapping goes in first, so that it is evicted first and a newer one of the same phone number
    // replaces it.
    for (const mapping of found.reverse()) {
      const { lid, phoneNumber } = mapping;
      const isLearnt = learnt.size > 0 && learnt.has(`lid:${lid}`);
      if (isLearnt || offline.get(lid) !== undefined) continue;
      const inserting = byLid.insert(lid, mapping);
      // In-process caches insert synchronously; this avoids ten thousand awaits.
      if (inserting !== undefined) await inserting;
      if (learnt.size > 0 && learnt.has(`pn:${phoneNumber}`)) continue;
      // Its LID depends on a replayed mapping as well.
      if (offline.concerns(phoneNumber)) continue;
      const resolving = byPn.insert(phoneNumber, mapping);
      if (resolving !== undefined) await resolving;
    }
    return found.length;
  }

  /**
   * Drops entries that may be outdated after a commit of other code, whether its outcome is known or in
   * doubt. Also drops the replayed mappings that the writes replace.
   *
   * Takes no lock: the committing caller may hold a lock that a running `learn` waits for. A running `learn`
   * rereads the store when it ends.
   */
  async follow(writes: readonly Write[]): Promise<void> {
    const byLid = this.#byLid;
    const byPn = this.#byPn;
    requireObjects("writes", writes);
    // In-process caches drop all entries before the first await.
    const forgetting: unknown[] = [];
    for (const write of writes) {
      if (write.kind !== "lidMapping.put" && write.kind !== "lidMapping.delete") continue;
      this.#followed += 1;
      const entries = write.kind === "lidMapping.put" ? write.entries : [];
      const lids = write.kind === "lidMapping.put" ? entries.map(({ lid }) => lid) : write.lids;
      for (const lid of lids) {
        const before = mappingOf(byLid.peek(lid))?.phoneNumber;
        this.#learntSince?.add(`lid:${lid}`);
        this.#offline.delete(lid);
        forgetting.push(byLid.invalidate(lid));
        this.#storedLids = undefined;
        // The previous phone number is not cached, so it may be any of them.
        if (before === undefined) byPn.invalidateAll();
        else forgetting.push(byPn.invalidate(before));
      }
      for (const { lid, phoneNumber } of entries) {
        for (const watcher of this.#watchers) watcher.learnt({ lid, phoneNumber });
        this.#learntSince?.add(`pn:${phoneNumber}`);
        forgetting.push(byPn.invalidate(phoneNumber));
      }
    }
    await Promise.all(forgetting);
  }

  /** Adds an index of the mappings. */
  watch(watcher: LidWatcher): void {
    this.#watchers.push(watcher);
  }

  /** Nothing of what was known is stored any more. */
  forgetAll(): void {
    this.#followed += 1;
    this.#offline.clear();
    this.#storedLids = undefined;
    for (const watcher of this.#watchers) watcher.forgotten();
    this.#byLid.invalidateAll();
    this.#byPn.invalidateAll();
  }

  /**
   * The Signal address under which the state of a user is kept. If the mapping is stored, the address of a
   * phone number becomes that of the LID, and a hosted address that of the hosted LID. The device is kept.
   * Any other address is returned unchanged. Replayed mappings are ignored.
   */
  async resolveAddress(address: string): Promise<string> {
    return (await lidAddress(address, (user) => this.#stateLid(user))) ?? address;
  }

  /**
   * The phone number and the LID, as user parts, of the user with this Signal address, if the state of the
   * user is kept under the LID. `undefined` when no stored mapping is known, and for a LID to which its phone
   * number does not resolve.
   *
   * @throws {StoreError}
   */
  async userOf(address: string): Promise<MappedUser | undefined> {
    const named = userOfSignalAddress(address);
    if (named === undefined) return undefined;
    const isPn = named.kind === "pn";
    // Only a replay has moved this LID, so its owner is found by the phone number.
    if (!isPn && this.#offline.get(named.user) !== undefined) return undefined;
    const pn = isPn ? named.user : await this.getPn(named.user);
    const lid = pn === undefined ? undefined : await this.#stateLid(pn);
    if (pn === undefined || lid === undefined) return undefined;
    return isPn || lid === named.user ? { pn, lid } : undefined;
  }

  /**
   * Runs a section with those users whose mapping is as given, and keeps `learn` from changing these mappings
   * until the section ends. Must not be awaited while a lock of a Signal address is held.
   *
   * @throws {StoreError} Rethrows errors of the section.
   */
  async whileMapped<T>(
    users: readonly MappedUser[],
    section: (mapped: readonly MappedUser[]) => Promise<T>,
  ): Promise<T> {
    requireObjects("users", users);
    requireFunction("section", section);
    const keys = users.flatMap(({ pn, lid }) => [`lid:${lid}`, `pn:${pn}`]);
    return await this.#locks.withKeys(keys, async () => {
      const lids = await Promise.all(users.map(({ pn }) => this.#stateLid(pn)));
      return await section(users.filter(({ lid }, index) => lid === lids[index]));
    });
  }

  /** As `resolveAddress`, for a JID: the JID that a message is encrypted for. */
  async encryptionJid(jid: Jid): Promise<Jid> {
    requireObject("jid", jid);
    return (await lidJid(jid, (user) => this.#stateLid(user))) ?? jid;
  }

  /**
   * The JID of the same device in the other namespace. `undefined` when it does not exist or is not known.
   */
  async swapNamespace(jid: Jid): Promise<Jid | undefined> {
    requireObject("jid", jid);
    if (jid.server === "lid" || jid.server === "hosted.lid") {
      const phoneNumber = await this.getPn(jid.user);
      const server = jid.server === "lid" ? "s.whatsapp.net" : "hosted";
      return phoneNumber === undefined ? undefined : { ...jid, user: phoneNumber, server };
    }
    return await lidJid(jid, (user) => this.getLid(user));
  }

  /** The LID under which a phone number's state is kept. */
  async #stateLid(phoneNumber: string): Promise<string | undefined> {
    if (!this.#offline.concerns(phoneNumber)) return await this.getLid(phoneNumber);
    this.#storedLids ??= new Map();
    const stored = this.#storedLids;
    const known = stored.get(phoneNumber);
    if (known !== undefined) return await known;
    this.#queries += 1;
    const reading = this.#parts.reads.getPnMapping(phoneNumber).then((mapping) => mapping?.lid);
    stored.set(phoneNumber, reading);
    reading.catch(() => {
      if (stored.get(phoneNumber) === reading) stored.delete(phoneNumber);
    });
    return await reading;
  }

  /** Drops the stored LIDs of these phone numbers, because a mapping was stored or may have been. */
  #forgetStored(...phoneNumbers: readonly (string | undefined)[]): void {
    for (const phoneNumber of phoneNumbers)
      if (phoneNumber !== undefined) this.#storedLids?.delete(phoneNumber);
  }

  async #learn(
    normalized: readonly NormalizedMapping[],
    request: LearnRequest,
  ): Promise<Omit<LearnReport, "refused">> {
    const { offline = false, overrides = false } = request;
    const followed = this.#followed;
    const lids = normalized.map(({ lid }) => lid);
    const phoneNumbers = normalized.map(({ phoneNumber }) => phoneNumber);
    const [foundLids, foundPns] = await Promise.all([
      this.#byLid.getMany(lids, []),
      this.#byPn.getMany(phoneNumbers, []),
    ]);
    const ofLid = new Map(lids.map((lid, index) => [lid, foundLids[index]]));
    const ofPn = new Map(phoneNumbers.map((phoneNumber, index) => [phoneNumber, foundPns[index]]));
    const known = ({ lid, phoneNumber }: LearntMapping): KnownMapping => ({
      ofLid: mappingOf(ofLid.get(lid)),
      ofPn: mappingOf(ofPn.get(phoneNumber)),
    });
    const learnt = normalized.map((mapping): LidPnMapping => {
      const { createdAt = dateOf(mapping.updatedAt, known(mapping)) } = mapping;
      return { ...mapping, createdAt };
    });
    // A confirmed replay must be stored even though memory knows it.
    const news = learnt.filter(
      (mapping) => isNews(mapping, known(mapping), overrides) || (!offline && this.#isWaiting(mapping)),
    );
    const resolved = offline ? [] : news.flatMap((mapping) => this.#resolvedBy(mapping, known(mapping)));
    const contradicted = learnt.flatMap((mapping) => contradictedBy(mapping, known(mapping), overrides));
    let stored: Promise<unknown> = Promise.resolve();
    const land = (): void => {
      // The store may have applied concurrent writes of other code before or after this commit.
      const isLast = followed === this.#followed;
      stored = Promise.all(news.map((mapping) => this.#remember(mapping, known(mapping), offline, isLast)));
    };
    const commit = request.commit ?? this.#commitAlone;
    if (!offline) await this.#forgetElsewhere(news, known);
    const writes: Write[] = [{ kind: "lidMapping.put", entries: news }];
    try {
      if (offline || news.length === 0) land();
      else await commit(writes, resolved, land);
    } catch (error) {
      if (error instanceof AmbiguousError) await this.follow(writes);
      throw error;
    } finally {
      await stored;
    }
    return { written: offline ? 0 : news.length, resolved, contradicted: [...new Set(contradicted)] };
  }

  readonly #commitAlone: CommitLearnt = async (writes, _resolved, land) => {
    await this.#parts.commit(writes);
    land();
  };

  /** A shared cache must not hold, after a crash, entries that the commit has changed. */
  async #forgetElsewhere(
    news: readonly LidPnMapping[],
    known: (mapping: LidPnMapping) => KnownMapping,
  ): Promise<void> {
    const phoneNumbers = news.flatMap((mapping) => {
      const before = known(mapping).ofLid?.phoneNumber;
      return before === undefined ? [mapping.phoneNumber] : [mapping.phoneNumber, before];
    });
    const lids = news.map(({ lid }) => lid);
    const byLid = this.#byLid;
    const byPn = this.#byPn;
    await Promise.all([forgetElsewhere(byLid, lids), forgetElsewhere(byPn, phoneNumbers)]);
  }

  /** The phone number that a mapping makes resolve to another LID. */
  #resolvedBy(mapping: LidPnMapping, { ofPn }: KnownMapping): ResolvedPhone[] {
    const { lid, phoneNumber } = mapping;
    if (!isNewest(mapping, ofPn)) return [];
    if (ofPn?.lid !== lid) return [{ phoneNumber, lid, previousLid: ofPn?.lid }];
    return this.#isWaiting(mapping) ? [{ phoneNumber, lid, previousLid: undefined }] : [];
  }

  /**
   * Updates memory with a mapping: synchronously for in-process caches, else when the promise resolves.
   *
   * @param isLast Whether the store holds nothing newer.
   */
  #remember(
    mapping: LidPnMapping,
    { ofLid, ofPn }: KnownMapping,
    offline: boolean,
    isLast: boolean,
  ): Promise<unknown> {
    const byLid = this.#byLid;
    const byPn = this.#byPn;
    const { lid, phoneNumber } = mapping;
    this.#learntSince?.add(`lid:${lid}`).add(`pn:${phoneNumber}`);
    for (const watcher of this.#watchers) watcher.learnt(mapping);
    if (ofLid !== undefined) this.#learntSince?.add(`pn:${ofLid.phoneNumber}`);
    const before = ofLid?.phoneNumber;
    if (offline) this.#offline.add(mapping, before === phoneNumber ? undefined : before);
    else this.#offline.delete(lid);
    this.#forgetStored(phoneNumber, before);
    const changes = [isLast ? byLid.insert(lid, mapping) : byLid.invalidate(lid)];
    // A LID that moves to another phone number leaves the previous one.
    if (ofLid !== undefined && ofLid.phoneNumber !== phoneNumber) {
      changes.push(byPn.invalidate(ofLid.phoneNumber));
    }
    if (!isLast) changes.push(byPn.invalidate(phoneNumber));
    else if (isNewest(mapping, ofPn)) changes.push(byPn.insert(phoneNumber, mapping));
    return Promise.all(changes);
  }

  /** Whether this mapping was replayed and is not stored yet. */
  #isWaiting({ lid, phoneNumber }: LidPnMapping): boolean {
    return this.#offline.get(lid)?.phoneNumber === phoneNumber;
  }
}

/** The other end of each user's mapping, in their order. A text that no store accepts is unknown. */
async function partsOf(
  reads: BatchedReads<CachedMapping, undefined>,
  users: readonly string[],
  part: "lid" | "phoneNumber",
): Promise<(string | undefined)[]> {
  requireList("users", users);
  // Nearly always all of them.
  const areTexts: boolean = users.every(isText);
  const found = await reads.getMany(areTexts ? users : users.filter(isText), []);
  let at = 0;
  return users.map((user) => (areTexts || isText(user) ? mappingOf(found[at++])?.[part] : undefined));
}

function mappingOf(cached: CachedMapping | undefined): LidPnMapping | undefined {
  return cached === undefined || "absent" in cached ? undefined : cached;
}
