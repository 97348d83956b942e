import type { Jid } from "../../addresses/mod.ts";
import {
  isText,
  type LearningSource,
  type LidPnMapping,
  type ProtocolReads,
  type Write,
} from "../../backend/mod.ts";
import { BatchedReads, forgetElsewhere, KeyedLock, type ValueCache } from "../../cache/mod.ts";
import { AmbiguousError } from "../../errors/mod.ts";
import { type Clock, type Logger, nowSeconds } from "../../ports/mod.ts";
import { ContactHashes } from "./contact_hashes.ts";
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

/** Mappings that are warmed up unless told otherwise: as many as a cache holds. */
const WARM_UP_LIMIT = 10_000;

/** Mappings of one call of `learn`. A user sync of a large community is below it. */
const MAX_LEARNT = 100_000;

/** What a cache holds: a mapping, or that there is none. */
export type CachedMapping = LidPnMapping | { readonly absent: true };

const ABSENT: CachedMapping = Object.freeze({ absent: true });

/** What a LID cache is made of. */
export interface LidPnCacheParts {
  readonly reads: Pick<
    ProtocolReads,
    "getAllLidMappings" | "getLidMapping" | "getLidMappings" | "getPnMapping" | "getPnMappings"
  >;
  /** Commits writes: an account's `commitWith`. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who we are: mappings of which exactly one end is ours are refused. */
  readonly own: OwnUsers;
  readonly byLid: ValueCache<string, CachedMapping>;
  readonly byPn: ValueCache<string, CachedMapping>;
}

/** How mappings were learnt. */
export interface LearnOptions {
  readonly source: LearningSource;
  /** It comes from a replay of what happened offline: memory learns it, the store when it is seen live. */
  readonly offline?: boolean | undefined;
}

/** A phone number and its LID, as user parts. */
export interface MappedUser {
  readonly pn: string;
  readonly lid: string;
}

/** A phone number that resolves to a LID which it did not resolve to before. */
export interface ResolvedPhone {
  readonly phoneNumber: string;
  readonly lid: string;
  /** The LID before, which goes on resolving to the phone number. */
  readonly previousLid: string | undefined;
}

/**
 * Commits what is learnt together with what has to land with it. It calls `land` when, and only when, the
 * writes are durable, before anybody who waits for a lock goes on: memory follows in that call.
 */
export type CommitLearnt = (
  writes: readonly Write[],
  resolved: readonly ResolvedPhone[],
  land: () => void,
) => Promise<void>;

/** How mappings are learnt within the account. */
export interface LearnRequest extends LearnOptions {
  /**
   * The mappings replace what is known, whatever their source: a client's own store would have been
   * overwritten.
   */
  readonly overrides?: boolean | undefined;
  /**
   * Moves the state of phone numbers in the commit that says where it goes. Defaults to a commit of the
   * mappings alone.
   */
  readonly commit?: CommitLearnt | undefined;
}

/** What was learnt. */
export interface LearnReport {
  /** Mappings that are durable now and were not, or said something else. */
  readonly written: number;
  /**
   * Phone numbers with a new LID, whose state is to be moved to it. None from a replay: what is moved must be
   * found there by whoever reads the store.
   */
  readonly resolved: readonly ResolvedPhone[];
  /**
   * Phone numbers whose known LID a mapping contradicts that its source may not overwrite (`other`,
   * `pairing`, `device_notification`): ask the server for them again.
   */
  readonly contradicted: readonly string[];
  /** Mappings that were dropped: exactly one end was ours, or the ends were swapped. */
  readonly refused: number;
}

/** What has happened since the cache was made. */
export interface LidPnStats {
  /** Reads of the store. */
  readonly queries: number;
  /** Mappings that were refused: see `LearnReport.refused`. */
  readonly refused: number;
}

/**
 * Which LID belongs to which phone number, both ways, in memory over the store.
 *
 * - **Bounded.** What is not in memory is asked of the store, once for all who ask together. So an eviction
 *   costs a query, and never turns a LID back into a phone number. That there is no mapping is remembered,
 *   too.
 * - **Newest wins.** A phone number resolves to the LID whose mapping was made last, of equals the one that
 *   was written last. Its earlier LIDs go on resolving to it.
 * - **Ordering.** Learning takes the locks of both ends, reads inside them, commits, and then changes memory.
 * - **Durability.** What was learnt live is durable when `learn` resolves.
 *
 * An account's learns through `directory(account).learn`, which moves what the mappings concern, and not
 * through the store: it would not notice.
 *
 * @example
 * ```ts
 * import { openAccount } from "@holdfast/store";
 * import { directory, lidCache } from "@holdfast/store/directory";
 * import { memoryBackend } from "@holdfast/store/memory";
 *
 * await using account = await openAccount({ backend: memoryBackend() });
 * const mapping = { lid: "100000000000001", phoneNumber: "5511999990000" };
 * await directory(account).learn([mapping], { source: "usync" });
 * const address = await lidCache(account).resolveAddress("5511999990000:3@c.us.0");
 * if (address !== "100000000000001:3@lid.0") throw new Error("not resolved");
 * ```
 */
export class LidPnCache {
  /** Who we are. */
  readonly own: OwnUsers;
  readonly #parts: LidPnCacheParts;
  readonly #locks = new KeyedLock();
  readonly #byLid: BatchedReads<CachedMapping, undefined>;
  readonly #byPn: BatchedReads<CachedMapping, undefined>;
  readonly #offline = new OfflineMappings();
  /** What the store says of phone numbers that replays concern. */
  readonly #storedLids = new Map<string, Promise<string | undefined>>();
  /** The warm-up that is under way: one at a time. */
  #warming: { readonly limit: number; readonly done: Promise<number> } | undefined;
  /** What was learnt since it began: `lid:` and `pn:` keys. */
  #learntSince: Set<string> | undefined;
  /** How often the store was changed by others. */
  #followed = 0;
  #queries = 0;
  #refused = 0;
  readonly #contacts: ContactHashes;

  constructor(parts: LidPnCacheParts) {
    this.#parts = parts;
    this.own = parts.own;
    const { reads, byLid, byPn } = parts;
    const offline = this.#offline;
    this.#contacts = new ContactHashes({
      readAll: () => {
        this.#queries += 1;
        return reads.getAllLidMappings();
      },
      getLid: (phoneNumber) => this.getLid(phoneNumber),
      getPn: (lid) => this.getPn(lid),
    });
    this.#byLid = new BatchedReads<CachedMapping, undefined>({
      cache: byLid,
      read: async (asked) => {
        this.#queries += 1;
        const lids = asked.map(([lid]) => lid);
        const stored = await reads.getLidMappings(lids);
        return lids.map((lid, index) => offline.ofLid(lid, stored[index]) ?? ABSENT);
      },
    });
    this.#byPn = new BatchedReads<CachedMapping, undefined>({
      cache: byPn,
      read: async (asked) => {
        this.#queries += 1;
        const phoneNumbers = asked.map(([phoneNumber]) => phoneNumber);
        const stored = await reads.getPnMappings(phoneNumbers);
        return phoneNumbers.map((number, index) => offline.ofPn(number, stored[index]) ?? ABSENT);
      },
    });
  }

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

  /** As `getLid`, without waiting: `undefined` also when it is not in memory. */
  peekLid(phoneNumber: string): string | undefined {
    return peeked(this.#parts.byPn, phoneNumber)?.lid;
  }

  /** As `getPn`, without waiting: `undefined` also when it is not in memory. */
  peekPn(lid: string): string | undefined {
    return peeked(this.#parts.byLid, lid)?.phoneNumber;
  }

  /** As `getLid`, in the order of `phoneNumbers`. What is not in memory is one query. */
  async getLids(phoneNumbers: readonly string[]): Promise<(string | undefined)[]> {
    const found = await this.#byPn.getMany(asked(phoneNumbers));
    return phoneNumbers.map((phoneNumber) => mappingOf(found.get(phoneNumber))?.lid);
  }

  /** As `getPn`, in the order of `lids`. What is not in memory is one query. */
  async getPns(lids: readonly string[]): Promise<(string | undefined)[]> {
    const found = await this.#byLid.getMany(asked(lids));
    return lids.map((lid) => mappingOf(found.get(lid))?.phoneNumber);
  }

  /**
   * The LID of the user that a notification names by a short hash alone: the first three bytes of MD5(user
   * part ‖ "WA_ADD_NOTIF"), of the LID or of the phone number. `undefined` when no user with a known mapping
   * has it, or more than one user.
   *
   * The first call reads all mappings. Later ones answer from memory.
   *
   * @param hash Base64 without padding, as it is on the wire.
   * @throws {StoreError}
   */
  async lidOfContactHash(hash: string): Promise<string | undefined> {
    return await this.#contacts.lidOf(hash);
  }

  /**
   * Takes note of mappings, as far as their source is to be believed (`LEARNING_SOURCES`): of several for one
   * phone number the last. Those that say something new are one commit. Without the option `commit` nothing
   * is moved to the LIDs.
   *
   * Mappings of which exactly one end is ours, and those with their ends swapped, are dropped, counted and
   * warned of; the others are learnt.
   *
   * @throws {TypeError} When a mapping is malformed. @throws {RangeError} When there are more than 100,000.
   * @throws {StoreError} When the store could not be read or written: nothing was learnt, save after an
   * `AmbiguousError`, where it may have been. Memory asks the store then.
   */
  async learn(mappings: readonly LearntMapping[], request: LearnRequest): Promise<LearnReport> {
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

  /** Counts mappings that were dropped, and warns of them. */
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
   * Reads the newest mappings into memory, in one pass over at most `limit` of them. What was learnt
   * meanwhile stays, and what replays concern is left to whoever asks. Who asks while as many are being read
   * shares that read.
   *
   * @returns How many mappings were read.
   * @throws {RangeError} When `limit` is no count. @throws {StoreError}
   */
  async warmUp({ limit = WARM_UP_LIMIT }: { readonly limit?: number } = {}): Promise<number> {
    if (!Number.isSafeInteger(limit) || limit < 0) throw new RangeError("warm up LIDs: limit is no count");
    if (limit === 0) return 0;
    for (let other = this.#warming; other !== undefined; other = this.#warming) {
      if (other.limit >= limit) return await other.done;
      // Its failure is for those who asked for it.
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
    const { byLid, byPn } = this.#parts;
    const offline = this.#offline;
    this.#queries += 1;
    const found: LidPnMapping[] = [];
    for await (const mapping of this.#parts.reads.getAllLidMappings()) {
      found.push(mapping);
      if (found.length >= limit) break;
    }
    // What is put in first makes room first: the oldest. A newer mapping of one phone number comes after it.
    for (const mapping of found.reverse()) {
      const { lid, phoneNumber } = mapping;
      const isLearnt = learnt.size > 0 && learnt.has(`lid:${lid}`);
      if (isLearnt || offline.get(lid) !== undefined) continue;
      const inserting = byLid.insert(lid, mapping);
      // In process there is nothing to wait for, ten thousand times.
      if (inserting !== undefined) await inserting;
      if (learnt.size > 0 && learnt.has(`pn:${phoneNumber}`)) continue;
      // What it resolves to is not what the store says alone.
      if (offline.concerns(phoneNumber)) continue;
      const resolving = byPn.insert(phoneNumber, mapping);
      if (resolving !== undefined) await resolving;
    }
    return found.length;
  }

  /**
   * Forgets what writes to the store, made by somebody else and applied just now, or perhaps, may have
   * changed. The replays that they settle are forgotten too.
   *
   * It takes no lock: whoever commits may hold another one, for which somebody waits who learns. What is
   * being learnt meanwhile is asked of the store when it has been.
   */
  async follow(writes: readonly Write[]): Promise<void> {
    const { byLid, byPn } = this.#parts;
    // In process all of it is forgotten before anything is awaited.
    const forgetting: unknown[] = [];
    for (const write of writes) {
      if (write.kind !== "lidMapping.put" && write.kind !== "lidMapping.delete") continue;
      this.#followed += 1;
      const entries = write.kind === "lidMapping.put" ? write.entries : [];
      const lids = write.kind === "lidMapping.put" ? entries.map(({ lid }) => lid) : write.lids;
      for (const lid of lids) {
        const before = peeked(byLid, lid)?.phoneNumber;
        this.#learntSince?.add(`lid:${lid}`);
        this.#offline.delete(lid);
        forgetting.push(byLid.invalidate(lid));
        this.#storedLids.clear();
        // Whose it was is not in memory: it may be any of them.
        if (before === undefined) byPn.invalidateAll();
        else forgetting.push(byPn.invalidate(before));
      }
      for (const { lid, phoneNumber } of entries) {
        this.#contacts.add({ lid, phoneNumber });
        this.#learntSince?.add(`pn:${phoneNumber}`);
        forgetting.push(byPn.invalidate(phoneNumber));
      }
    }
    await Promise.all(forgetting);
  }

  /**
   * The Signal address under which a user's state is kept: a phone number's becomes the LID's, a hosted one
   * the hosted LID's, where the mapping is known. The device stays. Anything else is its own. What only a
   * replay has said moves no state, and changes no address.
   */
  async resolveAddress(address: string): Promise<string> {
    return (await lidAddress(address, (user) => this.#stateLid(user))) ?? address;
  }

  /**
   * The phone number and the LID, as user parts, of the user whose Signal address of either kind this is, if
   * the user's state is kept under the LID. `undefined` while no stored mapping is known, and for a LID that
   * is not the one that its phone number resolves to.
   *
   * @throws {StoreError}
   */
  async userOf(address: string): Promise<MappedUser | undefined> {
    const named = userOfSignalAddress(address);
    if (named === undefined) return undefined;
    const isPn = named.kind === "pn";
    // Whose a LID is that only a replay has moved is for its phone number to say.
    if (!isPn && this.#offline.get(named.user) !== undefined) return undefined;
    const pn = isPn ? named.user : await this.getPn(named.user);
    const lid = pn === undefined ? undefined : await this.#stateLid(pn);
    if (pn === undefined || lid === undefined) return undefined;
    return isPn || lid === named.user ? { pn, lid } : undefined;
  }

  /**
   * Runs a section with those of users that are mapped so, and keeps `learn` from changing that until it
   * ends. Not to be awaited while the lock of a Signal address is held.
   *
   * @throws {StoreError} Also what the section throws.
   */
  async whileMapped<T>(
    users: readonly MappedUser[],
    section: (mapped: readonly MappedUser[]) => Promise<T>,
  ): Promise<T> {
    const keys = users.flatMap(({ pn, lid }) => [`lid:${lid}`, `pn:${pn}`]);
    return await this.#locks.withKeys(keys, async () => {
      const lids = await Promise.all(users.map(({ pn }) => this.#stateLid(pn)));
      return await section(users.filter(({ lid }, index) => lid === lids[index]));
    });
  }

  /** As `resolveAddress`, for a JID: to whom a message to it is encrypted. */
  async encryptionJid(jid: Jid): Promise<Jid> {
    return (await lidJid(jid, (user) => this.#stateLid(user))) ?? jid;
  }

  /** The same device's JID in the other namespace, `undefined` when there is none or it is not known. */
  async swapNamespace(jid: Jid): Promise<Jid | undefined> {
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
    const known = this.#storedLids.get(phoneNumber);
    if (known !== undefined) return await known;
    this.#queries += 1;
    const reading = this.#parts.reads.getPnMapping(phoneNumber).then((mapping) => mapping?.lid);
    this.#storedLids.set(phoneNumber, reading);
    reading.catch(() => {
      if (this.#storedLids.get(phoneNumber) === reading) this.#storedLids.delete(phoneNumber);
    });
    return await reading;
  }

  /** A mapping of these phone numbers was stored, or may have been. */
  #forgetStored(...phoneNumbers: readonly (string | undefined)[]): void {
    for (const phoneNumber of phoneNumbers)
      if (phoneNumber !== undefined) this.#storedLids.delete(phoneNumber);
  }

  async #learn(
    normalized: readonly NormalizedMapping[],
    request: LearnRequest,
  ): Promise<Omit<LearnReport, "refused">> {
    const { offline = false, overrides = false } = request;
    const followed = this.#followed;
    const [ofLid, ofPn] = await Promise.all([
      this.#byLid.getMany(asked(normalized.map(({ lid }) => lid))),
      this.#byPn.getMany(asked(normalized.map(({ phoneNumber }) => phoneNumber))),
    ]);
    const known = ({ lid, phoneNumber }: LearntMapping): KnownMapping => ({
      ofLid: mappingOf(ofLid.get(lid)),
      ofPn: mappingOf(ofPn.get(phoneNumber)),
    });
    const learnt = normalized.map((mapping): LidPnMapping => {
      const { createdAt = dateOf(mapping.updatedAt, known(mapping)) } = mapping;
      return { ...mapping, createdAt };
    });
    // A replay that is confirmed is news to the store, whatever memory says.
    const news = learnt.filter(
      (mapping) => isNews(mapping, known(mapping), overrides) || (!offline && this.#isWaiting(mapping)),
    );
    const resolved = offline ? [] : news.flatMap((mapping) => this.#resolvedBy(mapping, known(mapping)));
    const contradicted = learnt.flatMap((mapping) => contradictedBy(mapping, known(mapping), overrides));
    let stored: Promise<unknown> = Promise.resolve();
    const land = (): void => {
      // What others have written meanwhile may have come before this in the store, or after it.
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

  /** A cache that outlives the process must not know, after a crash, what the commit has changed. */
  async #forgetElsewhere(
    news: readonly LidPnMapping[],
    known: (mapping: LidPnMapping) => KnownMapping,
  ): Promise<void> {
    const phoneNumbers = news.flatMap((mapping) => {
      const before = known(mapping).ofLid?.phoneNumber;
      return before === undefined ? [mapping.phoneNumber] : [mapping.phoneNumber, before];
    });
    const lids = news.map(({ lid }) => lid);
    const { byLid, byPn } = this.#parts;
    await Promise.all([forgetElsewhere(byLid, lids), forgetElsewhere(byPn, phoneNumbers)]);
  }

  /** The phone that resolves to another LID than it did before, by a mapping. */
  #resolvedBy(mapping: LidPnMapping, { ofPn }: KnownMapping): ResolvedPhone[] {
    const { lid, phoneNumber } = mapping;
    if (!isNewest(mapping, ofPn)) return [];
    if (ofPn?.lid !== lid) return [{ phoneNumber, lid, previousLid: ofPn?.lid }];
    return this.#isWaiting(mapping) ? [{ phoneNumber, lid, previousLid: undefined }] : [];
  }

  /**
   * Brings memory in line with a mapping: at once in process, and when the promise resolves in a store.
   *
   * @param isLast Whether the store says nothing newer.
   */
  #remember(
    mapping: LidPnMapping,
    { ofLid, ofPn }: KnownMapping,
    offline: boolean,
    isLast: boolean,
  ): Promise<unknown> {
    const { byLid, byPn } = this.#parts;
    const { lid, phoneNumber } = mapping;
    this.#learntSince?.add(`lid:${lid}`).add(`pn:${phoneNumber}`);
    this.#contacts.add(mapping);
    if (ofLid !== undefined) this.#learntSince?.add(`pn:${ofLid.phoneNumber}`);
    const before = ofLid?.phoneNumber;
    if (offline) this.#offline.add(mapping, before === phoneNumber ? undefined : before);
    else this.#offline.delete(lid);
    this.#forgetStored(phoneNumber, before);
    const changes = [isLast ? byLid.insert(lid, mapping) : byLid.invalidate(lid)];
    // A LID that moves to another phone leaves the one that had it.
    if (ofLid !== undefined && ofLid.phoneNumber !== phoneNumber) {
      changes.push(byPn.invalidate(ofLid.phoneNumber));
    }
    if (!isLast) changes.push(byPn.invalidate(phoneNumber));
    else if (isNewest(mapping, ofPn)) changes.push(byPn.insert(phoneNumber, mapping));
    return Promise.all(changes);
  }

  /** Whether a replay has said this and nobody since: the store is to know it now. */
  #isWaiting({ lid, phoneNumber }: LidPnMapping): boolean {
    return this.#offline.get(lid)?.phoneNumber === phoneNumber;
  }
}

/** Those that can be keys of a store. */
function asked(users: readonly string[]): [string, undefined][] {
  return users.filter(isText).map((user) => [user, undefined]);
}

function mappingOf(cached: CachedMapping | undefined): LidPnMapping | undefined {
  return cached === undefined || "absent" in cached ? undefined : cached;
}

function peeked(cache: ValueCache<string, CachedMapping>, key: string): LidPnMapping | undefined {
  const cached = cache.get(key);
  return cached instanceof Promise ? undefined : mappingOf(cached);
}
