import type { ValuePlace, ValueTransform } from "../backend/mod.ts";
import { hexOf, isSealed } from "../bytes/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import { type Allocate, EncodingSlab } from "../protobuf/mod.ts";
import { PlaceEncoder } from "./associated_data.ts";
import { CountedHeads, lifeKey, MAX_LIFE_VALUES } from "./life.ts";
import type { RootKey } from "./root_key.ts";
import { HEAD_BYTES, hasOrigin, headOf, KEY_ID_BYTES, OVERHEAD_BYTES, originOf } from "./sealed_value.ts";
import type { Sealer, SealerKey } from "./sealer.ts";

/**
 * Derived keys of one account in memory. Each opening of an account is a life, and rows keep the life that
 * wrote them last.
 */
const MAX_LIFE_KEYS = 1_024;

/** Ids of keys that are remembered as unknown. */
const MAX_UNKNOWN = 64;

/** What `AccountSealer` seals with. */
export interface AccountSealerOptions {
  readonly sealer: Sealer;
  /** The name to which values are bound. */
  readonly account: string;
  /** Every key that a value may have. */
  readonly roots: readonly RootKey[];
  /** Looks for the root key of an id that is not among them, since another owner may have rotated. */
  findRoot(id: string): Promise<RootKey | undefined>;
  /** Whether a value that is not sealed is taken as it is. */
  readonly isMixed: boolean;
}

/** A key with which values of one life are sealed and opened. */
interface Opener {
  readonly origin: Uint8Array;
  readonly key: SealerKey;
  readonly places: PlaceEncoder;
}

/** Opens the sealed values of one account, of every life, and begins lives that seal. */
export class AccountSealer {
  readonly #options: AccountSealerOptions;
  readonly #roots: Map<string, RootKey>;
  /** Ids that no key of the account has. */
  readonly #unknown = new Set<string>();
  /** The transform of answers whose reader sets damaged records aside. */
  readonly values: ValueTransform = loadedBy(this, true);
  /** The transform of answers in which a damaged record is an error. */
  readonly strictValues: ValueTransform = loadedBy(this, false);
  readonly #openers = new Map<string, Opener>();
  #last: Opener | undefined;

  constructor(options: AccountSealerOptions) {
    this.#options = options;
    this.#roots = new Map(options.roots.map((root) => [hexOf(root.id), root]));
  }

  /**
   * Returns the original of a stored value.
   *
   * @returns The stored bytes where they are a damaged record and `mayBeDamaged`: they decode as no record,
   *   so the reader sets the row aside.
   * @throws {CorruptError} When the value is not authentic, or not of this place.
   * @throws {WrongLengthError} When it is too short.
   */
  load(stored: Uint8Array, place: ValuePlace, mayBeDamaged: boolean): Uint8Array | Promise<Uint8Array> {
    if (!isSealed(stored)) {
      if (this.#options.isMixed) return stored;
      if (stored.length < OVERHEAD_BYTES) {
        throw new WrongLengthError(`load value: ${place.name} of ${place.table} is cut off`);
      }
      return refuse(stored, place, mayBeDamaged);
    }
    const opener = this.#openerOf(stored);
    if (opener === undefined) return this.#loadByNewRoot(stored, place, mayBeDamaged);
    const value = opener.key.open(stored, HEAD_BYTES, opener.places.encode(place));
    if (value instanceof Promise)
      return value.then((opened) => opened ?? refuse(stored, place, mayBeDamaged));
    return value ?? refuse(stored, place, mayBeDamaged);
  }

  async #loadByNewRoot(stored: Uint8Array, place: ValuePlace, mayBeDamaged: boolean): Promise<Uint8Array> {
    const id = hexOf(originOf(stored).subarray(0, KEY_ID_BYTES));
    const root = this.#unknown.has(id) ? undefined : await this.#options.findRoot(id);
    if (root === undefined) {
      if (this.#unknown.size >= MAX_UNKNOWN) this.#unknown.clear();
      this.#unknown.add(id);
      return refuse(stored, place, mayBeDamaged);
    }
    this.#roots.set(id, root);
    return await this.load(stored, place, mayBeDamaged);
  }

  /** Whether a stored value is sealed by a root key. */
  isSealedBy(stored: Uint8Array, { id }: RootKey): boolean {
    return isSealed(stored) && hasOrigin(stored, id);
  }

  /** Begins a life. @param name See `lifeName`. No other life may have it. */
  begin(root: RootKey, name: Uint8Array): Life {
    return new Life({
      head: headOf(root.id, name),
      key: this.#options.sealer.importKey(lifeKey(root.bytes, name)),
      places: new PlaceEncoder(this.#options.account, root.id),
    });
  }

  #openerOf(stored: Uint8Array): Opener | undefined {
    if (this.#last !== undefined && hasOrigin(stored, this.#last.origin)) return this.#last;
    const origin = originOf(stored);
    const name = hexOf(origin);
    let opener = this.#openers.get(name);
    if (opener === undefined) {
      const root = this.#roots.get(name.slice(0, 2 * KEY_ID_BYTES));
      if (root === undefined) return undefined;
      const key = this.#options.sealer.importKey(lifeKey(root.bytes, origin.subarray(KEY_ID_BYTES)));
      opener = { origin: origin.slice(), key, places: new PlaceEncoder(this.#options.account, root.id) };
    } else this.#openers.delete(name);
    this.#openers.set(name, opener);
    const [oldest] = this.#openers.keys();
    if (this.#openers.size > MAX_LIFE_KEYS && oldest !== undefined) this.#openers.delete(oldest);
    this.#last = opener;
    return opener;
  }
}

/** What a `Life` seals with. */
interface LifeParts {
  readonly head: Uint8Array;
  readonly key: SealerKey;
  readonly places: PlaceEncoder;
}

/** Seals values under a key that no other life has, and counts them. */
export class Life {
  readonly #parts: LifeParts;
  readonly #heads: CountedHeads;

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.#heads = new CountedHeads(parts.head);
  }

  /** Whether another life must begin. */
  get isOver(): boolean {
    return this.#heads.used >= MAX_LIFE_VALUES;
  }

  store(value: Uint8Array, place: ValuePlace, allocate: Allocate): Uint8Array | Promise<Uint8Array> {
    const { key, places } = this.#parts;
    const sealed = allocate(OVERHEAD_BYTES + value.length);
    sealed.set(this.#heads.next());
    const later = key.seal(sealed, HEAD_BYTES, value, places.encode(place));
    return later === undefined ? sealed : later.then(() => sealed);
  }
}

/** Bytes of a sealed value, about. It bounds the memory that a commit takes in advance. */
const TYPICAL_BYTES = 2_048;

/** The transform of the writes of one commit. */
export function storedBy(life: Life, writes: number): ValueTransform {
  const { allocate } = new EncodingSlab(TYPICAL_BYTES * writes);
  return {
    overheadBytes: OVERHEAD_BYTES,
    store: (value, place) => life.store(value, place, allocate),
    load: () => {
      throw new TypeError("seal value: nothing is read here");
    },
  };
}

/** The transform of the answers of reads. */
function loadedBy(sealer: AccountSealer, mayBeDamaged: boolean): ValueTransform {
  return {
    overheadBytes: OVERHEAD_BYTES,
    store: () => {
      throw new TypeError("seal value: nothing is written here");
    },
    load: (stored, place) => sealer.load(stored, place, mayBeDamaged),
  };
}

/** Whether a place is that of a record whose reader sets aside what it cannot decode. */
function isRecord({ table, name }: ValuePlace): boolean {
  return (table === "session" || table === "senderKey") && name === "record";
}

function refuse(stored: Uint8Array, place: ValuePlace, mayBeDamaged: boolean): Uint8Array {
  if (mayBeDamaged && isRecord(place)) return stored;
  throw new CorruptError(`load value: ${place.name} of ${place.table} is damaged or of another place`);
}
