import {
  type BackendCore,
  hasValues,
  LISTED_TABLES,
  type ListedTable,
  ROW_KINDS,
  type RowPage,
  type RowWrite,
  SEALING_LOG,
  transformWrites,
  type ValueTransform,
  type VersionPatch,
  type Write,
} from "../backend/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import { type Allocate, EncodingSlab } from "../protobuf/mod.ts";
import type { AccountSealer, Life } from "./account_sealer.ts";
import type { RootKey } from "./root_key.ts";
import { OVERHEAD_BYTES } from "./sealed_value.ts";

/** Most rows that one step reads, and so writes. */
const STEP_ROWS = 200;

/** Most mutations of a collection of app state that one step writes. Each step reads the collection anew. */
const STEP_MUTATIONS = 5_000;

/** Part of a commit's limit that the values of one step take. */
const STEP_SHARE = 0.25;

/** What a step seals with. */
export interface RotationKeys {
  readonly sealer: AccountSealer;
  readonly life: Life;
  readonly root: RootKey;
}

/** One step. */
export interface RotationStep {
  /** Rows as they are to be stored. */
  readonly writes: readonly Write[];
  /** Must be called when the writes are stored. */
  done(): void;
}

/** The tables with values. A collection of app state is not rotated row by row. */
const TABLES: readonly ListedTable[] = LISTED_TABLES.filter(
  (table) => table !== "syncVersion" && hasValues(ROW_KINDS[table]),
);

/**
 * Seals every value of an account by one key, in steps. A step reads some rows, and answers those that are
 * sealed by another key, or not at all, as writes. Nothing may be written between the two. A rotation that is
 * begun again passes over what is sealed already.
 */
export class Rotation {
  readonly #core: BackendCore;
  #rows = 0;
  #damaged = 0;
  /** The device, then each table, then the collections. */
  #phase = -1;
  #after: string | undefined;
  /** Mutations that cannot be read. Each step would find them again. */
  readonly #skipped = new Set<string>();

  constructor(core: BackendCore) {
    this.#core = core;
  }

  /** Rows that were sealed. */
  get rows(): number {
    return this.#rows;
  }

  /** Values and rows that cannot be read and stay as they are. */
  get damaged(): number {
    return this.#damaged;
  }

  /** The next step, `undefined` when everything is sealed by the key. */
  async next(keys: RotationKeys): Promise<RotationStep | undefined> {
    if (this.#phase < 0) return await this.#device(keys);
    const table = TABLES[this.#phase];
    return table === undefined ? await this.#collection(keys) : await this.#page(table, keys);
  }

  async #device(keys: RotationKeys): Promise<RotationStep> {
    const device = await this.#core.load();
    const writes: Write[] = device === undefined ? [] : [{ kind: "device.save", device }];
    return await this.#step(
      writes.filter((write) => isStale(write, keys)),
      keys,
      () => {
        this.#phase = 0;
      },
    );
  }

  async #page(table: ListedTable, keys: RotationKeys): Promise<RotationStep> {
    const page = await this.#core.listRows(table, this.#after, STEP_ROWS);
    const stale = page.rows.filter((row) => !isOwn(row) && isStale(row, keys));
    const rows = this.#within(stale);
    return await this.#step(rows, keys, () => {
      // The rest of the page is found by the next step.
      if (rows.length < stale.length) return;
      this.#damaged += page.unreadable;
      this.#after = page.next;
      if (page.next === undefined) this.#phase += 1;
    });
  }

  /** As many rows as one commit takes, one at least. */
  #within(rows: readonly RowWrite[]): readonly RowWrite[] {
    const { maxCommitBytes = Number.POSITIVE_INFINITY } = this.#core.capabilities;
    let left = STEP_SHARE * maxCommitBytes;
    const end = rows.findIndex((row, index) => {
      left -= bytesOf(row);
      return left < 0 && index > 0;
    });
    return end < 0 ? rows : rows.slice(0, end);
  }

  /**
   * Seals some mutations of one collection. The cursor of a listing does not survive a change of the
   * collection, so each step lists it from its beginning.
   */
  async #collection(keys: RotationKeys): Promise<RotationStep | undefined> {
    let after: string | undefined;
    let values: [string, Uint8Array][] = [];
    do {
      const page: RowPage = await this.#core.listRows("syncVersion", after, STEP_MUTATIONS);
      for (const row of page.rows) {
        if (row.kind !== "syncVersion.patch") continue;
        const { name, patch } = row;
        for (const [index, value] of patch.values) {
          if (!keys.sealer.isSealedBy(value, keys.root) && !this.#skipped.has(`${name}\0${index}`))
            values.push([index, value]);
        }
        const { state } = patch;
        const isStateStale = state !== undefined && isStateOf(state, keys);
        const isWhole = await this.#isWhole(name);
        const isFull = !isWhole && values.length >= STEP_MUTATIONS;
        if (isFull || (state !== undefined && (values.length > 0 || isStateStale))) {
          return await this.#patch({ name, patch, values, isWhole }, keys);
        }
        if (state !== undefined) values = [];
      }
      after = page.next;
    } while (after !== undefined);
    return undefined;
  }

  /** Whether an earlier release stored the collection as one value, so that it is changed as a whole. */
  async #isWhole(name: string): Promise<boolean> {
    return (await this.#core.getGenerations(name)).current === undefined;
  }

  async #patch({ name, patch, values, isWhole }: StalePatch, keys: RotationKeys): Promise<RotationStep> {
    const { generation, state } = patch;
    const isStateStale = state !== undefined && (isWhole || isStateOf(state, keys));
    const write: Write = {
      kind: "syncVersion.patch",
      name,
      patch: { generation, values: new Map(values), removed: [], state: isStateStale ? state : undefined },
    };
    const damagedBefore = this.#damaged;
    const step = await this.#step([write], keys, () => {});
    if (this.#damaged === damagedBefore) return step;
    const [stored] = step.writes;
    if (stored?.kind !== "syncVersion.patch") return step;
    for (const [index, value] of stored.patch.values) {
      if (!keys.sealer.isSealedBy(value, keys.root)) this.#skipped.add(`${name}\0${index}`);
    }
    return step;
  }

  async #step(writes: readonly Write[], keys: RotationKeys, done: () => void): Promise<RotationStep> {
    let damaged = 0;
    const { allocate } = new EncodingSlab(writes.reduce((sum, write) => sum + bytesOf(write), 0));
    const resealed = resealing(keys, allocate, () => {
      damaged += 1;
    });
    const sealed = await transformWrites(writes, resealed);
    this.#damaged += damaged;
    return {
      writes: sealed,
      done: () => {
        this.#rows += sealed.length;
        done();
      },
    };
  }
}

/** Stale mutations of one collection. */
interface StalePatch {
  readonly name: string;
  readonly patch: VersionPatch;
  readonly values: readonly (readonly [index: string, value: Uint8Array])[];
  readonly isWhole: boolean;
}

/** Whether the hash of a collection is stale. */
function isStateOf({ hash }: NonNullable<VersionPatch["state"]>, { sealer, root }: RotationKeys): boolean {
  return hash.byteLength > 0 && !sealer.isSealedBy(hash, root);
}

/** Whether a row has a value that is not sealed by the key. */
function isStale(write: Write, { sealer, root }: RotationKeys): boolean {
  let stale = false;
  visitValues(write, (value) => {
    stale ||= !sealer.isSealedBy(value, root);
  });
  return stale;
}

function bytesOf(write: Write): number {
  let bytes = 0;
  visitValues(write, (value) => {
    bytes += value.byteLength + OVERHEAD_BYTES;
  });
  return bytes;
}

function visitValues(write: Write, visit: (value: Uint8Array) => void): void {
  const keep = (value: Uint8Array): Uint8Array => {
    visit(value);
    return value;
  };
  void transformWrites([write], { overheadBytes: 0, store: keep, load: keep });
}

/** Opens each value and seals it by the key. One that cannot be read stays as it is. */
function resealing(
  { sealer, life, root }: RotationKeys,
  allocate: Allocate,
  onDamage: () => void,
): ValueTransform {
  const unreadable = (error: unknown, stored: Uint8Array): Uint8Array => {
    if (!(error instanceof CorruptError || error instanceof WrongLengthError)) throw error;
    onDamage();
    return stored;
  };
  return {
    overheadBytes: OVERHEAD_BYTES,
    store: (stored, place) => {
      if (sealer.isSealedBy(stored, root)) return stored;
      try {
        const value = sealer.load(stored, place, false);
        if (!(value instanceof Promise)) return life.store(value, place, allocate);
        return value.then(
          (loaded) => life.store(loaded, place, allocate),
          (error: unknown) => unreadable(error, stored),
        );
      } catch (error) {
        return unreadable(error, stored);
      }
    },
    load: (stored) => stored,
  };
}

/** Whether a row is the key check. */
function isOwn(row: RowWrite): boolean {
  return row.kind === "messageSegment.put" && row.segments[0]?.log === SEALING_LOG;
}
