import type { Account } from "../account/mod.ts";
import type { Backend, CollectionName, HashState, SyncVersion, VersionPatch, Write } from "../backend/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { IdentityConflictError } from "../errors/mod.ts";
import type { Flushable } from "../write_behind/mod.ts";
import { type BaileysHashState, hashStateToBaileys } from "./convert/mod.ts";
import { hostBytes } from "./host_bytes.ts";
import { PackedValues, type ValueChanges } from "./packed_values.ts";

/**
 * Most mutations of one commit: more changes than that are stored as a new generation, in as many commits as
 * it takes. So many are written within some 50 ms, and are far below a megabyte.
 */
const MAX_COMMIT_VALUES = 2_000;

/** Most memory that the copies of an account's collections take, in bytes: 100,000 mutations and more. */
const MAX_COPY_BYTES = 8 * 1_024 * 1_024;

/** A collection as it is stored. */
interface Copy {
  readonly generation: number;
  readonly state: SyncVersion;
  readonly values: PackedValues;
}

/** How a collection becomes what it is to be. */
interface Plan {
  readonly name: CollectionName;
  readonly write: Write;
  /** The copy when the write has landed, `undefined` when the collection is gone then. */
  readonly after: () => Copy | undefined;
}

/** A collection that is to be stored, or forgotten. */
export interface StoredCollection {
  readonly name: CollectionName;
  readonly state: HashState | undefined;
}

/**
 * App state as Baileys hands it over: each `set` brings a collection's version, hash and all of its
 * mutations, of which one or two are new. A packed copy of what is stored tells which, so that a change
 * writes what changed and reads nothing. Copies go in a pause, and when an account's take more than 8 MiB:
 * the next change reads the collection once.
 *
 * Collections that are kept through Baileys are changed through it alone: what the account's store changes
 * at the same moment may get lost. A change that it has made before is noticed.
 */
export class CollectionStates {
  readonly #account: Account;
  readonly #store: Backend;
  /** A get, and a set with its commit, have the collection to themselves. */
  readonly #locks = new KeyedLock();
  /** The one that was used last stands last. */
  readonly #copies = new Map<CollectionName, Copy>();
  readonly #own = new WeakSet<Write>();
  /** Collections that others have written since a get or a set of them began. */
  readonly #overtaken = new Set<CollectionName>();
  /** How often the account has taken another identity, whose collections are none of the former one's. */
  #identity = 0;

  constructor(account: Account) {
    this.#account = account;
    this.#store = account.store;
    account.writeBehind.addFlushable(releasing(() => this.#copies.clear()));
    account.onCommitted((writes) => this.#follow(writes));
    account.onStored((writes) => this.#follow(writes));
    account.onIdentityChanged(() => {
      this.#identity += 1;
      this.#copies.clear();
    });
  }

  /** Bytes of memory that the copies take. */
  get bytes(): number {
    let bytes = 0;
    for (const { values } of this.#copies.values()) bytes += values.bytes;
    return bytes;
  }

  /** A collection in Baileys' form, `undefined` when its version is 0. */
  async read(name: CollectionName): Promise<BaileysHashState | undefined> {
    return await this.#locks.withKeys([name], async () => {
      this.#overtaken.delete(name);
      const copy = this.#copies.get(name);
      if (copy !== undefined) {
        this.#keep(name, copy);
        const { state, values } = copy;
        if (state.version === 0n) return undefined;
        return hashStateToBaileys({ ...state, indexValueMap: values }, hostBytes);
      }
      const state = await this.#store.getVersion(name);
      if (state.version === 0n) return undefined;
      const { current } = await this.#store.getGenerations(name);
      if (current !== undefined) this.#keep(name, copyOf(current, state));
      return hashStateToBaileys(state, hostBytes);
    });
  }

  /**
   * Stores collections with the writes of one commit. What is too large for one is stored before, where
   * nothing reads it, and becomes the collection's state in this commit.
   *
   * @param commit Commits these writes, all or none.
   * @throws {IdentityConflictError} When the account takes another identity before they are committed.
   */
  async store(
    collections: readonly StoredCollection[],
    commit: (writes: readonly Write[]) => Promise<void>,
  ): Promise<void> {
    if (collections.length === 0) return await commit([]);
    const names = collections.map(({ name }) => name);
    await this.#locks.withKeys(names, async () => {
      for (const name of names) this.#overtaken.delete(name);
      const identity = this.#identity;
      const plans: Plan[] = [];
      for (const { name, state } of collections) plans.push(await this.#plan(name, state));
      if (identity !== this.#identity) {
        throw new IdentityConflictError("store app state: the account has taken another identity meanwhile");
      }
      for (const { name, write } of plans) {
        this.#own.add(write);
        // Should the commit fail, what is stored is not known.
        this.#copies.delete(name);
      }
      await commit(plans.map(({ write }) => write));
      if (identity !== this.#identity) return;
      for (const { name, after } of plans) {
        const copy = after();
        if (copy !== undefined) this.#keep(name, copy);
      }
    });
  }

  async #plan(name: CollectionName, target: HashState | undefined): Promise<Plan> {
    if (target === undefined) {
      return { name, write: { kind: "syncVersion.delete", name }, after: () => undefined };
    }
    const copy = this.#copies.get(name) ?? (await this.#load(name));
    const changes = copy?.values.changesTo(target.indexValueMap);
    if (copy === undefined || changes === undefined || sizeOf(changes) > MAX_COMMIT_VALUES) {
      return await this.#replace(name, target);
    }
    const { generation, values } = copy;
    const state = versionOf(target);
    const after = (): Copy => {
      values.apply(changes);
      return { generation, state, values };
    };
    return { name, write: patchOf(name, { generation, ...changes, state }), after };
  }

  /** Stores all but the last part of a new generation, which is not read before the plan's write. */
  async #replace(name: CollectionName, target: HashState): Promise<Plan> {
    const { started } = await this.#store.getGenerations(name);
    const generation = started + 1;
    const entries = [...target.indexValueMap];
    let start = 0;
    for (; entries.length - start > MAX_COMMIT_VALUES; start += MAX_COMMIT_VALUES) {
      const part = new Map(entries.slice(start, start + MAX_COMMIT_VALUES));
      const write = patchOf(name, { generation, values: part, removed: [], state: undefined });
      this.#own.add(write);
      await this.#store.commit([write]);
    }
    const state = versionOf(target);
    const last = new Map(entries.slice(start));
    return {
      name,
      write: patchOf(name, { generation, values: last, removed: [], state }),
      after: () => ({ generation, state, values: new PackedValues(entries) }),
    };
  }

  /** What is stored; `undefined` when there is no generation that a patch could change. */
  async #load(name: CollectionName): Promise<Copy | undefined> {
    const { current } = await this.#store.getGenerations(name);
    if (current === undefined) return undefined;
    const stored = await this.#store.getVersion(name);
    return copyOf(current, stored);
  }

  #keep(name: CollectionName, copy: Copy): void {
    this.#copies.delete(name);
    if (this.#overtaken.has(name)) return;
    this.#copies.set(name, copy);
    for (const oldest of this.#copies.keys()) {
      if (this.bytes <= MAX_COPY_BYTES) break;
      this.#copies.delete(oldest);
    }
    // So that a pause is noticed.
    this.#account.writeBehind.notify("may");
  }

  #follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (this.#own.has(write)) continue;
      if (write.kind === "account.delete") this.#copies.clear();
      if (!("name" in write) || !write.kind.startsWith("syncVersion.")) continue;
      this.#copies.delete(write.name);
      this.#overtaken.add(write.name);
    }
  }
}

function patchOf(name: CollectionName, patch: VersionPatch): Write {
  return { kind: "syncVersion.patch", name, patch };
}

function sizeOf({ values, removed }: ValueChanges): number {
  return values.size + removed.length;
}

function copyOf(generation: number, stored: HashState): Copy {
  return { generation, state: versionOf(stored), values: new PackedValues(stored.indexValueMap) };
}

function versionOf({ version, hash, macMismatchFatal }: HashState): SyncVersion {
  return { version, hash, macMismatchFatal };
}

/** Has nothing to write. In a pause it gives up what it holds. */
function releasing(release: () => void): Flushable {
  return {
    name: "collections",
    pending: () => ({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined }),
    collect: () => [],
    applyOutcome: () => {},
    release,
  };
}
