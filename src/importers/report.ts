/**
 * Why an importer or exporter left something out.
 *
 * - `damaged`: it does not decode.
 * - `older-copy`: only an older copy of a session or sender key is left, whose keys were used since.
 * - `version-6`: Baileys 6 stored it, in a form or under a name that later versions cannot use.
 * - `unknown`: the importer does not know what it is.
 * - `unaddressable`: its name belongs to no user, group or collection.
 * - `refused-mapping`: a mapping between a LID and a phone number that cannot be true.
 * - `no-sender-key`: marks of devices for a sender key that was not imported.
 * - `empty`: there is nothing in it.
 * - `derived`: it follows from what is imported.
 * - `not-kept`: a cache, or state that this package has no place for. The client fetches it again.
 * - `rejected`: the store does not accept it, such as a value that is too large.
 * - `outdated`: a sending chain of before a restore. The record is kept and does not send.
 */
export type SkipReason =
  | "damaged"
  | "older-copy"
  | "version-6"
  | "unknown"
  | "unaddressable"
  | "refused-mapping"
  | "no-sender-key"
  | "empty"
  | "derived"
  | "not-kept"
  | "rejected"
  | "outdated";

/** What of one kind was left out for one reason. */
export interface SkippedItems {
  /** The source's own name of the kind: a type of keys, or a table. */
  readonly kind: string;
  /** Why they were left out. */
  readonly reason: SkipReason;
  /** Number of items. */
  readonly count: number;
  /** Names of the first ones: files, or keys of rows. Never a value. */
  readonly examples: readonly string[];
}

/** Counts of one kind. */
export interface KindCounts {
  /** The source's own name of the kind: a type of keys, or a table. */
  readonly kind: string;
  /** Number of items in the source. */
  readonly found: number;
  /** Number of those that were converted. */
  readonly converted: number;
}

/** What an importer or exporter found and did. It contains no keys, tokens or records. */
export interface ForeignReport {
  /** The other client's state, such as `Baileys folder`. */
  readonly state: string;
  /** Whether nothing was stored. */
  readonly isDryRun: boolean;
  /** JID of the phone number; `undefined` when the device was never paired. */
  readonly pn: string | undefined;
  /** Counts of each kind that was found. */
  readonly kinds: readonly KindCounts[];
  /** What was left out, by kind and reason. */
  readonly skipped: readonly SkippedItems[];
  /** Number of writes, files or rows that were stored, or would be. */
  readonly writes: number;
}

/** Most names that a report has for one kind and reason. */
export const MAX_EXAMPLES = 5;

/** Counts what an importer finds. */
export class Tally {
  readonly #kinds = new Map<string, { found: number; converted: number }>();
  readonly #skipped = new Map<
    string,
    { items: Omit<SkippedItems, "count" | "examples">; names: string[]; count: number }
  >();

  found(kind: string): void {
    this.#of(kind).found += 1;
  }

  converted(kind: string): void {
    this.#of(kind).converted += 1;
  }

  /** @param name A file's name, or the key of a row. */
  skip(kind: string, reason: SkipReason, name: string): void {
    const id = `${kind}\n${reason}`;
    const entry = this.#skipped.get(id) ?? { items: { kind, reason }, names: [], count: 0 };
    entry.count += 1;
    if (entry.names.length < MAX_EXAMPLES) entry.names.push(name);
    this.#skipped.set(id, entry);
  }

  get kinds(): KindCounts[] {
    return [...this.#kinds].map(([kind, counts]) => ({ kind, ...counts }));
  }

  get skipped(): SkippedItems[] {
    return [...this.#skipped.values()].map(({ items, names, count }) => ({
      ...items,
      count,
      examples: names,
    }));
  }

  #of(kind: string): { found: number; converted: number } {
    const counts = this.#kinds.get(kind) ?? { found: 0, converted: 0 };
    this.#kinds.set(kind, counts);
    return counts;
  }
}
