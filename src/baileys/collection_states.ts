import type { Account } from "../account/mod.ts";
import type { Backend, CollectionName, HashState, SyncVersion, VersionPatch, Write } from "../backend/mod.ts";
import { KeyedLock } from "../cache/mod.ts";
import { IdentityConflictError } from "../errors/mod.ts";
import type { Flushable } from "../write_behind/mod.ts";
import { type BaileysHashState, hashStateToBaileys } from "./convert/mod.ts";
import { hostBytes } from "./host_bytes.ts";
import { PackedValues, type ValueChanges } from "./packed_values.ts";

/**
 * Maximum number of mutations in one commit. More changes are stored as a new generation, in several commits.
 * This many take about 50 ms and far less than a megabyte.
 */
const MAX_COMMIT_VALUES = 2_000;

/** Maximum memory for the copies of an account's collections, in bytes: more than 100,000 mutations. */
const MAX_COPY_BYTES = 8 * 1_024 * 1_024;

/** A copy of a stored collection. */
interface Copy {
  readonly generation: number;
  readonly state: SyncVersion;
  readonly values: PackedValues;
}

/** The write that stores a collection, and the resulting copy. */
interface Plan {
  readonly name: CollectionName;
  readonly write: Write;
  /** Returns the copy after the write; `undefined` when the write deletes the collection. */
  readonly after: () => Copy | undefined;
}

/** A collection to store; `undefined` deletes its state. */
export interface StoredCollection {
  readonly name: CollectionName;
  readonly state: HashState | undefined;
}

/**
 * App state of Baileys: each `set` contains a collection's version, hash and all of its mutations, of which
 * one or two are new. A comparison with a packed copy of the stored collection finds the changes, so a `set`
 * writes only these and reads nothing. Copies are dropped in a pause, and when an account's copies exceed 8
 * MiB; the next change then reads the collection once.
 *
 * Change collections only through Baileys: concurrent changes through the account's store may get lost.
 * Earlier changes are detected.
 */
export class CollectionStates {
  readonly #account: Account;
  readonly #store: Backend;
  /** Held during a read, and during a store with its commit. */
  readonly #locks = new KeyedLock();
  /** Least recently used first. */
  readonly #copies = new Map<CollectionName, Copy>();
  readonly #own = new WeakSet<Write>();
  /** Collections with other writes since a running read or store began. */
  readonly #overtaken = new Set<CollectionName>();
  /** Number of changes of the account's identity. Each identity has its own collections. */
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

  /** Memory of the copies, in bytes. */
  get bytes(): number {
    let bytes = 0;
    for (const { values } of this.#copies.values()) bytes += values.bytes;
    return bytes;
  }

  /** A collection in Baileys' form; `undefined` when its version is 0. */
  async read(name: CollectionName): Promise<BaileysHashState | undefined> {
    return await this.#locks.withKeys([name], async () => {
      this.#overtaken.delete(name);
      const copy = this.#warm(name);
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
   * Stores collections with the writes of one commit. A change too large for one commit is stored before as a
   * new generation, which nothing reads until this commit makes it current.
   *
   * @param commit Commits these writes, all or none.
   * @throws {IdentityConflictError} When the account takes another identity before the commit.
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
        throw new IdentityConflictError("store app state: the account has taken another identity");
      }
      for (const { name, write } of plans) {
        this.#own.add(write);
        // After a failed commit, the stored state is unknown.
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

  /**
   * Stores all but the last part of a new generation, which is not read until the plan's write has landed.
   */
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

  /** The copy of a collection. An account that is closed or owned by another has none. */
  #warm(name: CollectionName): Copy | undefined {
    try {
      this.#account.writeBehind.assertUsable();
    } catch {
      this.#copies.clear();
    }
    return this.#copies.get(name);
  }

  /** A copy of the stored collection; `undefined` when it has no generation to patch. */
  async #load(name: CollectionName): Promise<Copy | undefined> {
    const { current } = await this.#store.getGenerations(name);
    if (current === undefined) return undefined;
    const stored = await this.#store.getVersion(name);
    return copyOf(current, stored);
  }

  #keep(name: CollectionName, copy: Copy): void {
    this.#copies.delete(name);
    if (this.#overtaken.has(name) || copy.values.bytes > MAX_COPY_BYTES) return;
    this.#copies.set(name, copy);
    for (const oldest of this.#copies.keys()) {
      if (this.bytes <= MAX_COPY_BYTES) break;
      this.#copies.delete(oldest);
    }
    // Requests a call of `release` in the next pause.
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

/** A flushable without writes, for its call in a pause. */
function releasing(release: () => void): Flushable {
  return {
    name: "collections",
    pending: () => ({ must: 0, may: 0, bytes: 0, oldestAtMs: undefined }),
    collect: () => [],
    applyOutcome: () => {},
    release,
  };
}
