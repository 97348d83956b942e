import { encodeBase64, sameBytes } from "../bytes/mod.ts";

/** Length of an index MAC and a value MAC (HMAC-SHA256). */
const MAC_BYTES = 32;
const ENTRY_BYTES = 2 * MAC_BYTES;

/** Entries per page. Memory grows by pages, without copying. */
const PAGE_ENTRIES = 1_024;

/** Length of an index MAC in base64, including padding. */
const INDEX_LENGTH = 44;

/** Approximate size of an entry of a `Map`, in bytes. */
const MAP_ENTRY_BYTES = 200;

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Six bits by character code; 255 for a character outside of the alphabet. */
const SIX_BITS: Uint8Array = /* @__PURE__ */ sixBits();

function sixBits(): Uint8Array {
  const bits = new Uint8Array(128).fill(255);
  for (let value = 0; value < ALPHABET.length; value += 1) bits[ALPHABET.charCodeAt(value)] = value;
  return bits;
}

/** The difference between two sets of value MACs. */
export interface ValueChanges {
  readonly values: ReadonlyMap<string, Uint8Array>;
  readonly removed: readonly string[];
}

/**
 * Value MACs by index MAC in base64, in about 70 bytes each: a `Map` of texts and byte arrays takes five
 * times as much. Entries that are not pairs of 32-byte MACs are in a `Map`.
 */
export class PackedValues implements Iterable<readonly [index: string, value: Uint8Array]> {
  readonly #pages: Uint8Array[] = [];
  #count = 0;
  /** A hash table with open addressing: the number of an entry plus 1, or 0. */
  #slots = new Int32Array(0);
  readonly #others = new Map<string, Uint8Array>();
  readonly #index = new Uint8Array(MAC_BYTES);

  /** @param entries The bytes are copied. */
  constructor(entries: Iterable<readonly [index: string, value: Uint8Array]> = []) {
    for (const [index, value] of entries) this.set(index, value);
  }

  get size(): number {
    return this.#count + this.#others.size;
  }

  /** Approximate memory, in bytes. */
  get bytes(): number {
    let bytes = this.#pages.length * PAGE_ENTRIES * ENTRY_BYTES + this.#slots.byteLength;
    for (const [index, value] of this.#others) bytes += MAP_ENTRY_BYTES + 2 * index.length + value.byteLength;
    return bytes;
  }

  set(index: string, value: Uint8Array): void {
    const isPair = value.byteLength === MAC_BYTES && this.#decode(index);
    if (!isPair) {
      this.delete(index);
      this.#others.set(index, new Uint8Array(value));
      return;
    }
    this.#others.delete(index);
    let at = this.#find();
    if (at === undefined) {
      at = this.#count;
      if (at % PAGE_ENTRIES === 0) this.#pages.push(new Uint8Array(PAGE_ENTRIES * ENTRY_BYTES));
      this.#count += 1;
      this.#entry(at).set(this.#index);
      // At most three quarters of the slots are used.
      if (4 * this.#count > 3 * this.#slots.length) this.#rehash();
      else this.#link(at);
    }
    this.#entry(at).set(value, MAC_BYTES);
  }

  delete(index: string): void {
    this.#others.delete(index);
    const at = this.#decode(index) ? this.#find() : undefined;
    if (at === undefined) return;
    this.#unlink(at);
    this.#count -= 1;
    if (at < this.#count) {
      // The last entry replaces it.
      this.#slots[this.#slotOf(this.#count)] = at + 1;
      this.#entry(at).set(this.#entry(this.#count));
    }
    if (this.#count % PAGE_ENTRIES === 0) this.#pages.pop();
    if (8 * this.#count < this.#slots.length) this.#rehash();
  }

  /** The changes from these values to `target`, with the bytes of `target`. */
  changesTo(target: ReadonlyMap<string, Uint8Array>): ValueChanges {
    const values = new Map<string, Uint8Array>();
    const isKept = new Uint8Array(this.#count);
    for (const [index, value] of target) {
      const at = this.#decode(index) ? this.#find() : undefined;
      if (at !== undefined) isKept[at] = 1;
      const stored = at === undefined ? this.#others.get(index) : this.#entry(at).subarray(MAC_BYTES);
      if (stored === undefined || !sameBytes(stored, value)) values.set(index, value);
    }
    const removed = [...this.#others.keys()].filter((index) => !target.has(index));
    for (let at = 0; at < this.#count; at += 1) if (isKept[at] === 0) removed.push(this.#indexOf(at));
    return { values, removed };
  }

  apply({ values, removed }: ValueChanges): void {
    for (const index of removed) this.delete(index);
    for (const [index, value] of values) this.set(index, value);
  }

  /** Iterates over pairs; the bytes are copies. */
  *[Symbol.iterator](): Iterator<readonly [index: string, value: Uint8Array]> {
    for (let at = 0; at < this.#count; at += 1) {
      yield [this.#indexOf(at), this.#entry(at).slice(MAC_BYTES)];
    }
    for (const [index, value] of this.#others) yield [index, new Uint8Array(value)];
  }

  #entry(at: number): Uint8Array {
    const start = (at % PAGE_ENTRIES) * ENTRY_BYTES;
    return (this.#pages[Math.floor(at / PAGE_ENTRIES)] as Uint8Array).subarray(start, start + ENTRY_BYTES);
  }

  #indexOf(at: number): string {
    return encodeBase64(this.#entry(at).subarray(0, MAC_BYTES));
  }

  /** Decodes an index MAC into `#index`. Returns whether the text is canonical base64 of 32 bytes. */
  #decode(text: string): boolean {
    if (text.length !== INDEX_LENGTH || text.charCodeAt(INDEX_LENGTH - 1) !== 61) return false;
    let bits = 0;
    let held = 0;
    let at = 0;
    for (let place = 0; place < INDEX_LENGTH - 1; place += 1) {
      const six = SIX_BITS[text.charCodeAt(place)] ?? 255;
      if (six === 255) return false;
      bits = ((bits << 6) | six) & 0xffff;
      held += 6;
      if (held < 8) continue;
      held -= 8;
      this.#index[at] = (bits >> held) & 255;
      at += 1;
    }
    return (bits & 3) === 0;
  }

  /** The number of the entry of `#index`. */
  #find(): number | undefined {
    const mask = this.#slots.length - 1;
    for (let slot = hashOf(this.#index) & mask; mask >= 0; slot = (slot + 1) & mask) {
      const link = this.#slots[slot] ?? 0;
      if (link === 0) return undefined;
      if (sameBytes(this.#entry(link - 1).subarray(0, MAC_BYTES), this.#index)) return link - 1;
    }
    return undefined;
  }

  #link(at: number): void {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#entry(at)) & mask;
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
    this.#slots[slot] = at + 1;
  }

  /** Removes an entry from the table and moves later ones up, so that a search finds no gap. */
  #unlink(at: number): void {
    const mask = this.#slots.length - 1;
    let gap = this.#slotOf(at);
    for (let slot = (gap + 1) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const home = hashOf(this.#entry((this.#slots[slot] as number) - 1)) & mask;
      if (((slot - home) & mask) < ((slot - gap) & mask)) continue;
      this.#slots[gap] = this.#slots[slot] as number;
      gap = slot;
    }
    this.#slots[gap] = 0;
  }

  #slotOf(at: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(this.#entry(at)) & mask;
    while (this.#slots[slot] !== at + 1) slot = (slot + 1) & mask;
    return slot;
  }

  #rehash(): void {
    let length = 4;
    while (3 * length < 4 * this.#count) length *= 2;
    this.#slots = new Int32Array(length);
    for (let at = 0; at < this.#count; at += 1) this.#link(at);
  }
}

/** A MAC is random, so its first bytes serve as a hash. */
function hashOf(mac: Uint8Array): number {
  return (
    ((mac[0] as number) << 24) | ((mac[1] as number) << 16) | ((mac[2] as number) << 8) | (mac[3] as number)
  );
}
