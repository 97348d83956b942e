import type { ProtocolReads, Write } from "../../backend/mod.ts";
import type { Clock, Logger } from "../../ports/mod.ts";
import {
  type DirtyItem,
  type Flushable,
  type Outcome,
  type Pending,
  summarizeError,
  type Urgency,
} from "../../write_behind/mod.ts";
import { applyChange, type GroupChange } from "./group_change.ts";
import { decodeGroupMetadata, encodeGroupMetadata, type GroupMetadataLike } from "./group_metadata_value.ts";

/** Limit of groups in memory; those that are not durable come on top. */
const MAX_GROUPS = 1_000;

/** Limit of members of all groups in memory: about 5 MB. */
const MAX_CACHED_MEMBERS = 25_000;

/** Limit of changes that wait for the read of their group. One more forgets the group. */
const MAX_WAITING_CHANGES = 1_000;

/** Estimated bytes of a stored member, and of the rest of the metadata. */
const MEMBER_BYTES = 100;
const GROUP_BYTES = 1_000;

const URGENCY: Urgency = "may";

/** Dependencies of {@link StoredGroups}. */
export interface StoredGroupsParts {
  readonly reads: Pick<ProtocolReads, "getGroupMetadata">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Called when a group has become dirty. */
  readonly notify: () => void;
  /** Called when a group has changed. */
  readonly changed: (group: string) => void;
  /** Called with writes before they are committed. */
  readonly storing: (writes: readonly Write[]) => void;
}

/** A group in memory. */
interface Entry {
  /** `undefined` when nothing is known of the group. */
  readonly metadata: GroupMetadataLike | undefined;
  /** Number of the connection on which the whole metadata came; 0 for a stored one. */
  readonly source: number;
  readonly generation: number;
  /** Clock time of the first change that is not durable; `undefined` when clean. */
  readonly dirtySinceMs: number | undefined;
}

/** Result of a read. */
interface Read {
  readonly metadata: GroupMetadataLike | undefined;
  readonly isFailed: boolean;
}

/** A running read. */
interface Load {
  done: Promise<void>;
  /** Changes that came since it began. */
  readonly changes: GroupChange[];
  /** Whether the stored row may have changed since it began. */
  isStale: boolean;
}

/**
 * The metadata of groups, in memory over the table `group_metadata`, written behind. A change of a group that
 * is not in memory reads it first; changes that come during the read wait for it.
 */
export class StoredGroups implements Flushable {
  readonly name: string = "group-metadata";
  readonly #parts: StoredGroupsParts;
  /** The least recently used comes first. */
  readonly #entries = new Map<string, Entry>();
  /** The oldest change comes first. */
  readonly #dirty = new Map<string, Entry>();
  readonly #loads = new Map<string, Load>();
  #members = 0;
  #dirtyMembers = 0;
  #generation = 0;
  #collectedAtMs = 0;

  constructor(parts: StoredGroupsParts) {
    this.#parts = parts;
  }

  /**
   * The metadata of a group, with the number of the connection on which it came. `undefined` when none is
   * known, or it could not be read.
   */
  async get(
    group: string,
  ): Promise<{ readonly metadata: GroupMetadataLike; readonly source: number } | undefined> {
    for (;;) {
      const entry = this.#entries.get(group);
      if (entry !== undefined) {
        this.#entries.delete(group);
        this.#entries.set(group, entry);
        const { metadata, source } = entry;
        return metadata && { metadata, source };
      }
      const isRead = await this.#load(group);
      if (!isRead) return undefined;
    }
  }

  /** Whole metadata has come from the server on a connection. */
  replace(metadata: GroupMetadataLike, source: number): void {
    const load = this.#loads.get(metadata.id);
    if (load !== undefined) load.changes.length = 0;
    this.#put(metadata.id, metadata, source);
  }

  /** Changes a group, at once or when it has been read. */
  change(group: string, changes: readonly GroupChange[], source: number): void {
    const last = changes.findLastIndex(({ kind }) => kind === "replace" || kind === "forget");
    const whole = changes[last];
    if (whole?.kind === "replace") this.replace(whole.metadata, source);
    if (whole?.kind === "forget") this.forget(group);
    const rest = changes.slice(last + 1);
    if (rest.length === 0) return;
    const entry = this.#entries.get(group);
    if (entry !== undefined) {
      this.#apply(group, entry, rest);
      return;
    }
    const load = this.#loads.get(group) ?? this.#beginLoad(group);
    load.changes.push(...rest);
    if (load.changes.length > MAX_WAITING_CHANGES) this.forget(group);
  }

  /** The group must be queried. */
  forget(group: string): void {
    const load = this.#loads.get(group);
    if (load !== undefined) load.changes.length = 0;
    const entry = this.#entries.get(group);
    // Nothing is known of it, and nothing is stored.
    if (entry !== undefined && entry.metadata === undefined) return;
    this.#put(group, undefined, 0);
  }

  /** Nothing of what was known is stored any more. */
  clear(): void {
    for (const load of this.#loads.values()) load.isStale = true;
    this.#entries.clear();
    this.#dirty.clear();
    this.#members = 0;
    this.#dirtyMembers = 0;
  }

  /** Must be called with writes of other code: they are newer than what is in memory. */
  follow(writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.kind !== "groupMetadata.put" && write.kind !== "groupMetadata.delete") continue;
      const load = this.#loads.get(write.group);
      if (load !== undefined) load.changes.length = 0;
      this.#remove(write.group);
    }
  }

  pending(): Pending {
    const [oldest] = this.#dirty.values();
    const { size: may } = this.#dirty;
    const bytes = GROUP_BYTES * may + MEMBER_BYTES * this.#dirtyMembers;
    return { must: 0, may, bytes, oldestAtMs: oldest?.dirtySinceMs };
  }

  collect(only?: (key: string, urgency: Urgency) => boolean): readonly DirtyItem[] {
    this.#collectedAtMs = this.#parts.clock.nowMs();
    const items: DirtyItem[] = [];
    for (const [group, { metadata, generation }] of this.#dirty) {
      if (only?.(group, URGENCY) === false) continue;
      const blob = metadata === undefined ? undefined : encodeGroupMetadata(metadata);
      const write: Write =
        blob === undefined
          ? { kind: "groupMetadata.delete", group }
          : { kind: "groupMetadata.put", group, blob };
      items.push({ key: group, generation, urgency: URGENCY, writes: [write] });
    }
    this.#parts.storing(items.flatMap(({ writes }) => writes));
    return items;
  }

  applyOutcome({ committed }: Outcome): void {
    for (const { key, generation } of committed) {
      const entry = this.#dirty.get(key);
      if (entry === undefined) continue;
      // One that has changed since it was collected stays dirty, from then on.
      this.#dirty.delete(key);
      const dirtySinceMs = entry.generation === generation ? undefined : this.#collectedAtMs;
      this.#set(key, { ...entry, dirtySinceMs });
    }
    this.#evict();
  }

  #apply(group: string, entry: Entry, changes: readonly GroupChange[]): void {
    let { metadata } = entry;
    if (metadata === undefined) return;
    for (const change of changes) {
      metadata = applyChange(metadata, change);
      if (metadata === undefined) break;
    }
    if (metadata === undefined) this.forget(group);
    else if (metadata !== entry.metadata) this.#put(group, metadata, entry.source);
  }

  #put(group: string, metadata: GroupMetadataLike | undefined, source: number): void {
    const sinceMs = this.#entries.get(group)?.dirtySinceMs ?? this.#parts.clock.nowMs();
    this.#generation += 1;
    this.#set(group, { metadata, source, generation: this.#generation, dirtySinceMs: sinceMs });
    this.#parts.changed(group);
    this.#parts.notify();
    this.#evict();
  }

  /** Reads a group. @returns Whether it is in memory. */
  async #load(group: string): Promise<boolean> {
    await (this.#loads.get(group) ?? this.#beginLoad(group)).done;
    return this.#entries.has(group);
  }

  #beginLoad(group: string): Load {
    const load: Load = { done: Promise.resolve(), changes: [], isStale: false };
    this.#loads.set(group, load);
    load.done = this.#read(group, load);
    return load;
  }

  async #read(group: string, load: Load): Promise<void> {
    let read: Read;
    do {
      load.isStale = false;
      read = await this.#readOnce(group);
    } while (load.isStale);
    this.#loads.delete(group);
    if (this.#entries.has(group)) return;
    if (!read.isFailed) {
      const entry: Entry = { metadata: read.metadata, source: 0, generation: 0, dirtySinceMs: undefined };
      this.#set(group, entry);
      this.#apply(group, entry, load.changes);
      this.#evict();
    }
    // The stored row lacks the changes.
    else if (load.changes.length > 0) this.#put(group, undefined, 0);
  }

  async #readOnce(group: string): Promise<Read> {
    const { reads, logger } = this.#parts;
    try {
      const blob = await reads.getGroupMetadata(group);
      const metadata = blob && decodeGroupMetadata(group, blob);
      if (blob !== undefined && metadata === undefined)
        logger.log("warn", "baileys: stored metadata of a group cannot be read; the group is queried");
      return { metadata, isFailed: false };
    } catch (error) {
      const { code, message } = summarizeError(error);
      logger.log("warn", "baileys: metadata of a group was not read", { code, error: message });
      return { metadata: undefined, isFailed: true };
    }
  }

  /** Evicts clean groups down to the limits. */
  #evict(): void {
    const isWithin = (): boolean =>
      this.#entries.size - this.#dirty.size <= MAX_GROUPS &&
      this.#members - this.#dirtyMembers <= MAX_CACHED_MEMBERS;
    for (const [group, { dirtySinceMs }] of this.#entries) {
      if (isWithin()) return;
      if (dirtySinceMs === undefined) this.#remove(group);
    }
  }

  #set(group: string, entry: Entry): void {
    const before = this.#entries.get(group);
    if (before !== undefined) this.#count(before, -1);
    this.#entries.set(group, entry);
    this.#count(entry, 1);
    if (entry.dirtySinceMs === undefined) this.#dirty.delete(group);
    else this.#dirty.set(group, entry);
  }

  #remove(group: string): void {
    const load = this.#loads.get(group);
    if (load !== undefined) load.isStale = true;
    const entry = this.#entries.get(group);
    if (entry === undefined) return;
    this.#count(entry, -1);
    this.#entries.delete(group);
    this.#dirty.delete(group);
  }

  #count({ metadata, dirtySinceMs }: Entry, sign: 1 | -1): void {
    const members = metadata?.participants.length ?? 0;
    this.#members += sign * members;
    if (dirtySinceMs !== undefined) this.#dirtyMembers += sign * members;
  }
}
