import type { Backend, Write } from "../backend/mod.ts";
import { MAX_KEY_ID } from "../bytes/mod.ts";
import { LimitError, requireFunction, requireIntegerWithin, requireList } from "../errors/mod.ts";
import type { Random } from "../ports/mod.ts";
import { encodePreKey } from "../records/mod.ts";
import { generateKeyPair } from "./key_pair.ts";
import { distance, isAtOrAhead, laterId, nextId, type PreKeyWatermarks } from "./pre_key_ids.ts";

/** Pre-keys that one call makes at most. Clients upload 812 at a time at most. */
const MAX_PRE_KEYS_PER_CALL = 4_096;

/** Fewest ids that one look into the store covers. */
const MIN_IDS_PER_READ = 64;

/** The public half of a one-time pre-key, for upload. */
export interface PublicPreKey {
  /** 1 … 2^24−1. */
  readonly id: number;
  /** 32 bytes, without the 0x05 prefix. */
  readonly publicKey: Uint8Array;
}

/** The reads that allocation needs. */
export type PreKeyReads = Pick<Backend, "getMaxPreKeyId" | "loadPreKeys">;

/** What allocation changes: the counters and the writes that land in the same commit. */
export interface PreKeyOwner {
  watermarks(): PreKeyWatermarks;
  /** Ids of the pre-keys that wait to be committed. */
  stagedIds(): ReadonlySet<number>;
  /** Publishes the counters and stages the writes, at once and together. */
  stage(
    change: Partial<PreKeyWatermarks> & { readonly serverHasPreKeys?: boolean },
    writes: readonly Write[],
  ): void;
}

/**
 * Allocates one-time pre-keys. Ids come from a counter that only moves forward and goes round after 2^24−1;
 * ids whose keys still exist are skipped. Concurrent allocations never get the same id.
 */
class PreKeys {
  readonly #reads: PreKeyReads;
  readonly #owner: PreKeyOwner;

  constructor(reads: PreKeyReads, owner: PreKeyOwner) {
    this.#reads = reads;
    this.#owner = owner;
  }

  /** As `add`, with records of new keys, and returns the public halves. */
  async generate(count: number, random: Random): Promise<PublicPreKey[]> {
    const publicKeys = new Map<number, Uint8Array>();
    const ids = await this.add(count, (id) => {
      const pair = generateKeyPair(random);
      publicKeys.set(id, pair.publicKey);
      return encodePreKey({ id, ...pair });
    });
    return ids.map((id) => ({ id, publicKey: publicKeys.get(id) ?? new Uint8Array() }));
  }

  /**
   * Takes the next free ids, makes a record for each and stages records and counters together. They are in
   * memory when it resolves, not durable.
   *
   * @throws {RangeError} When `count` is out of range.
   * @throws {LimitError} When there are not enough free ids.
   */
  async add(count: number, makeRecord: (id: number) => Uint8Array): Promise<number[]> {
    requireIntegerWithin("add pre-keys: count", count, 1, MAX_PRE_KEYS_PER_CALL);
    requireFunction("makeRecord", makeRecord);
    for (;;) {
      const { nextPreKeyId, firstUnuploadedPreKeyId } = this.#owner.watermarks();
      const start = nextPreKeyId === 0 ? nextId(await this.#reads.getMaxPreKeyId()) : nextPreKeyId;
      const ids = await this.#freeIds(start, count);
      // Another call moved the counter while the store was read, and may have these ids. It made progress, so
      // this ends.
      if (this.#owner.watermarks().nextPreKeyId !== nextPreKeyId) continue;
      const [first = start] = ids;
      const last = ids.at(-1) ?? start;
      const writes = ids.map(
        (id): Write => ({ kind: "preKey.put", id, record: makeRecord(id), uploaded: false }),
      );
      const firstUnuploaded = firstUnuploadedPreKeyId === 0 ? first : firstUnuploadedPreKeyId;
      this.#owner.stage({ nextPreKeyId: nextId(last), firstUnuploadedPreKeyId: firstUnuploaded }, writes);
      return ids;
    }
  }

  /** The first `count` ids from `start` on, going round, under which no pre-key exists. */
  async #freeIds(start: number, count: number): Promise<number[]> {
    const free: number[] = [];
    let id = start;
    for (let looked = 0; looked < MAX_KEY_ID && free.length < count; ) {
      const size = Math.min(MAX_KEY_ID - looked, Math.max(MIN_IDS_PER_READ, count - free.length));
      const candidates: number[] = [];
      for (; candidates.length < size; id = nextId(id)) candidates.push(id);
      looked += size;
      const taken = new Set((await this.#reads.loadPreKeys(candidates)).map((row) => row.id));
      for (const staged of this.#owner.stagedIds()) taken.add(staged);
      free.push(...candidates.filter((candidate) => !taken.has(candidate)));
    }
    if (free.length < count) throw new LimitError(`add pre-keys: only ${free.length} ids are free`);
    return free.slice(0, count);
  }

  /**
   * Stages that the server has these pre-keys, together with the counter of the first one that it does not
   * have, which moves past the furthest of them. Marks those that exist and never brings one back.
   *
   * @throws {RangeError} When an id is out of range or was never handed out.
   */
  markUploaded(ids: readonly number[]): void {
    const { nextPreKeyId, firstUnuploadedPreKeyId } = this.#owner.watermarks();
    requireList("ids", ids);
    let furthest = firstUnuploadedPreKeyId;
    for (const id of ids) {
      requireIntegerWithin("mark pre-keys uploaded: an id", id, 1, MAX_KEY_ID);
      if (nextPreKeyId !== 0 && (distance(id, nextPreKeyId) === 0 || !isAtOrAhead(nextPreKeyId, id))) {
        throw new RangeError(
          `mark pre-keys uploaded: id ${id} was never handed out, next is ${nextPreKeyId}`,
        );
      }
      furthest = laterId(furthest, nextId(id));
    }
    this.#owner.stage({ firstUnuploadedPreKeyId: furthest, serverHasPreKeys: true }, [
      { kind: "preKey.markUploaded", ids: [...ids] },
    ]);
  }
}

/** What `PersistenceManager` calls. */
export type PreKeyAllocation = Pick<PreKeys, keyof PreKeys>;

/** Makes the allocation of an account for `PersistenceManager`, which need not have one. */
export function makePreKeys(reads: PreKeyReads, owner: PreKeyOwner): PreKeyAllocation {
  return new PreKeys(reads, owner);
}
