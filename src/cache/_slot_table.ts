/** Number of slots of a table with entries, at least. */
const LEAST_SLOTS = 64;

/** A growing table grows by this factor, but not beyond its expected size. */
const GROWTH = 4;

/** The arrays of an empty table, with the head of both rings. No empty table writes to them. */
const NO_ENDS: Float64Array = new Float64Array(2);
const NO_DUE: Float64Array = Float64Array.of(Number.POSITIVE_INFINITY);
const NO_LINKS: Int32Array = new Int32Array(4);
const NO_SLOTS = new Map<never, number>();
const NOTHING: undefined[] = [undefined];

/**
 * Numbers of `#links` per slot: the slots before and after it in order of insertion, then in order of due
 * time.
 */
const STRIDE = 4;
const OLDER = 0;
const NEWER = 1;
const DUE_BEFORE = 2;
const DUE_AFTER = 3;

/**
 * Entries of a cache in numbered slots, in two orders: by insertion and by due time. Every operation is O(1),
 * with amortised growing and shrinking.
 *
 * Times and links are numbers in typed arrays instead of object fields: a look-up reads the map and three
 * short pieces of memory, replacing entries at a constant size allocates nothing, and finding the oldest
 * entry does not walk the deleted ones at the head of a `Map`. Slot 0 is the head of both rings and holds no
 * entry.
 *
 * A slot's number is valid until the next `add` or `remove`: shrinking renumbers the slots.
 */
export class SlotTable<K, V> {
  /** The slot of each key. */
  slots: Map<K, number> = NO_SLOTS;
  keys: (K | undefined)[] = NOTHING;
  values: (V | undefined)[] = NOTHING;
  /**
   * When each slot's time to live (`2 * slot`) and idle time (`2 * slot + 1`) end, in milliseconds of the
   * cache's own time.
   */
  ends: Float64Array = NO_ENDS;
  /** Due time of the first due slot; `Infinity` when the table is empty. */
  nextDueAtMs: number = Number.POSITIVE_INFINITY;

  #dueAtMs: Float64Array = NO_DUE;
  #links: Int32Array = NO_LINKS;
  /** Head of the list of slots that were freed, linked by `NEWER`; 0 when there is none. */
  #free = 0;
  /** Slots for the expected number of entries, and the head. */
  readonly #expected: number;

  /** @param expected Number of entries that the table seldom exceeds. An empty table allocates nothing. */
  constructor(expected: number) {
    this.#expected = expected + 1;
  }

  /** The slot inserted first; 0 when there is none. */
  get oldest(): number {
    return this.#links[NEWER] as number;
  }

  /** The first due slot; 0 when there is none. */
  get firstDue(): number {
    return this.#links[DUE_AFTER] as number;
  }

  /** The slot inserted after `slot`; 0 at the end. */
  after(slot: number): number {
    return this.#links[slot * STRIDE + NEWER] as number;
  }

  /**
   * Adds an absent key as the last in both orders. Its due time is the earlier of its ends, which must not be
   * before the due time of the last slot.
   */
  add(key: K, value: V, ttlEndMs: number, idleEndMs: number): number {
    let slot = this.#free;
    if (slot === 0) {
      slot = this.keys.length;
      if (slot >= this.#dueAtMs.length) this.#grow();
      this.keys.push(key);
      this.values.push(value);
    } else {
      this.#free = this.#links[slot * STRIDE + NEWER] as number;
      this.keys[slot] = key;
      this.values[slot] = value;
    }
    this.slots.set(key, slot);
    this.ends[2 * slot] = ttlEndMs;
    this.ends[2 * slot + 1] = idleEndMs;
    this.#append(slot, OLDER);
    this.#appendDue(slot, ttlEndMs < idleEndMs ? ttlEndMs : idleEndMs);
    return slot;
  }

  /** Replaces the entry in a slot: equals `remove` and `add`, but faster. */
  replace(slot: number, key: K, value: V, ttlEndMs: number, idleEndMs: number): void {
    const links = this.#links;
    const at = slot * STRIDE;
    this.slots.delete(this.keys[slot] as K);
    this.slots.set(key, slot);
    this.keys[slot] = key;
    this.values[slot] = value;
    this.ends[2 * slot] = ttlEndMs;
    this.ends[2 * slot + 1] = idleEndMs;
    this.#dueAtMs[slot] = ttlEndMs < idleEndMs ? ttlEndMs : idleEndMs;
    const older = links[at] as number;
    const newer = links[at + 1] as number;
    const before = links[at + 2] as number;
    const after = links[at + 3] as number;
    links[older * STRIDE + 1] = newer;
    links[newer * STRIDE] = older;
    links[before * STRIDE + 3] = after;
    links[after * STRIDE + 2] = before;
    const newest = links[0] as number;
    const last = links[2] as number;
    links[at] = newest;
    links[at + 1] = 0;
    links[at + 2] = last;
    links[at + 3] = 0;
    links[newest * STRIDE + 1] = slot;
    links[last * STRIDE + 3] = slot;
    links[0] = slot;
    links[2] = slot;
    if (before === 0) this.nextDueAtMs = this.#dueAtMs[links[3] as number] as number;
  }

  /** Removes an entry and the references to its key and value. */
  remove(slot: number): void {
    this.slots.delete(this.keys[slot] as K);
    this.keys[slot] = undefined;
    this.values[slot] = undefined;
    this.#unlink(slot, OLDER);
    this.#unlinkDue(slot);
    this.#links[slot * STRIDE + NEWER] = this.#free;
    this.#free = slot;
    if (this.slots.size * 4 < this.#dueAtMs.length && this.#dueAtMs.length > LEAST_SLOTS) this.#shrink();
  }

  /** Removes all entries and frees their memory. */
  clear(): void {
    this.#reset();
  }

  /** Makes a slot the newest in the order of insertion. */
  renew(slot: number): void {
    this.#unlink(slot, OLDER);
    this.#append(slot, OLDER);
  }

  /**
   * Makes a slot the last due one, at `atMs` or at the due time of the present last slot, whichever is later.
   */
  reschedule(slot: number, atMs: number): void {
    this.#unlinkDue(slot);
    const last = this.#links[DUE_BEFORE] as number;
    const lastDueAtMs = last === 0 ? atMs : (this.#dueAtMs[last] as number);
    this.#appendDue(slot, atMs > lastDueAtMs ? atMs : lastDueAtMs);
  }

  #appendDue(slot: number, dueAtMs: number): void {
    this.#dueAtMs[slot] = dueAtMs;
    this.#append(slot, DUE_BEFORE);
    if (dueAtMs < this.nextDueAtMs) this.nextDueAtMs = dueAtMs;
  }

  #unlinkDue(slot: number): void {
    const wasFirst = this.#links[DUE_AFTER] === slot;
    this.#unlink(slot, DUE_BEFORE);
    if (wasFirst) this.nextDueAtMs = this.#dueAtMs[this.#links[DUE_AFTER] as number] as number;
  }

  /** Appends a slot to the ring whose backward link is `before`; the forward link is the next number. */
  #append(slot: number, before: typeof OLDER | typeof DUE_BEFORE): void {
    const links = this.#links;
    const last = links[before] as number;
    links[slot * STRIDE + before] = last;
    links[slot * STRIDE + before + 1] = 0;
    links[last * STRIDE + before + 1] = slot;
    links[before] = slot;
  }

  #unlink(slot: number, before: typeof OLDER | typeof DUE_BEFORE): void {
    const links = this.#links;
    const previous = links[slot * STRIDE + before] as number;
    const next = links[slot * STRIDE + before + 1] as number;
    links[previous * STRIDE + before + 1] = next;
    links[next * STRIDE + before] = previous;
  }

  /** Resets to an empty table. */
  #reset(): void {
    this.slots = NO_SLOTS;
    this.keys = NOTHING;
    this.values = NOTHING;
    this.ends = NO_ENDS;
    this.nextDueAtMs = Number.POSITIVE_INFINITY;
    this.#dueAtMs = NO_DUE;
    this.#links = NO_LINKS;
    this.#free = 0;
  }

  #grow(): void {
    const { length } = this.#dueAtMs;
    const expected = this.#expected;
    const larger = Math.max(LEAST_SLOTS, length * GROWTH);
    this.#resize(length < expected ? Math.min(larger, Math.max(expected, 2)) : length * 2);
  }

  #resize(size: number): void {
    if (this.slots === NO_SLOTS) {
      this.slots = new Map();
      this.keys = [undefined];
      this.values = [undefined];
    }
    const ends = new Float64Array(size * 2);
    ends.set(this.ends);
    this.ends = ends;
    const dueAtMs = new Float64Array(size);
    dueAtMs.set(this.#dueAtMs);
    this.#dueAtMs = dueAtMs;
    const links = new Int32Array(size * STRIDE);
    links.set(this.#links);
    this.#links = links;
  }

  /**
   * Moves the remaining entries into a table of half the size, oldest first, to free memory after many
   * removals.
   */
  #shrink(): void {
    const { keys, values, ends } = this;
    const links = this.#links;
    const dueAtMs = this.#dueAtMs;
    const size = dueAtMs.length >> 1;
    const moved = new Int32Array(dueAtMs.length);
    this.#reset();
    this.#resize(size);
    const slots = new Map<K, number>();
    for (let from = links[NEWER] as number; from !== 0; from = links[from * STRIDE + NEWER] as number) {
      const to = this.keys.push(keys[from]) - 1;
      this.values.push(values[from]);
      this.ends[2 * to] = ends[2 * from] as number;
      this.ends[2 * to + 1] = ends[2 * from + 1] as number;
      this.#append(to, OLDER);
      slots.set(keys[from] as K, to);
      moved[from] = to;
    }
    this.slots = slots;
    for (
      let from = links[DUE_AFTER] as number;
      from !== 0;
      from = links[from * STRIDE + DUE_AFTER] as number
    ) {
      this.#appendDue(moved[from] as number, dueAtMs[from] as number);
    }
  }
}
