import type { Jid } from "../../addresses/mod.ts";
import type { ProtocolReads, Write } from "../../backend/mod.ts";
import { KeyedLock, type ValueCache } from "../../cache/mod.ts";
import { requireFunction, requireObject, requireObjects } from "../../errors/mod.ts";
import { BareGroups } from "./bare_groups.ts";
import { addParticipants, type GroupInfo, type ParticipantChange, removeParticipants } from "./group_info.ts";

/** Status of a participant whose change the server accepted. */
const ACCEPTED = 200;

/** Dependencies of a group cache. */
export interface GroupCacheParts {
  readonly reads: Pick<ProtocolReads, "getGroupMetadata">;
  /** Commits writes, such as `commitWith` of an account. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly cache: ValueCache<string, GroupInfo>;
}

/** The server's answer for one participant. */
export interface ParticipantResult extends ParticipantChange {
  /** Status of the change for this participant: 200 when it was accepted. */
  readonly status: number;
}

/**
 * The members of groups, in memory. The caller fetches a group that is not cached.
 *
 * Notifications update a cached group instead of fetching it again, and leave a group that is not cached
 * alone. A change also deletes the stored metadata of the group, so that a restart never serves outdated
 * members. A group of which nothing is stored costs one query the first time, and no commit: a burst of
 * notifications is not a burst of commits. Changes of one group run one at a time, under its lock.
 */
export class GroupCache {
  readonly #parts: GroupCacheParts;
  readonly #locks = new KeyedLock();
  readonly #bare = new BareGroups();
  readonly #forgetting: ((group: string) => void)[] = [];

  /** Called by `directory`. No subpath exports the class as a value. */
  constructor(parts: GroupCacheParts) {
    this.#parts = parts;
  }

  /** The cached members of a group, `undefined` when it is not cached. @param group Its JID. */
  async get(group: string): Promise<GroupInfo | undefined> {
    return await this.#parts.cache.get(group);
  }

  /**
   * The cached members of a group, else the result of `fetch`, which runs once for concurrent calls. @throws
   * Errors of `fetch`.
   */
  async getWith(group: string, fetch: () => Promise<GroupInfo>): Promise<GroupInfo> {
    return await this.#parts.cache.getWith(group, fetch);
  }

  /** Caches fetched members. */
  async insert(group: string, info: GroupInfo): Promise<void> {
    requireInfo(info);
    await this.#locks.withKeys([group], async () => await this.#parts.cache.insert(group, info));
  }

  /**
   * Applies a notification that members were added. @throws {StoreError} When the commit fails; the group
   * must be fetched again.
   */
  async added(group: string, participants: readonly ParticipantChange[]): Promise<void> {
    requireObjects("add participants: participants", participants);
    for (const { jid } of participants) requireObject("add participants: a JID", jid);
    await this.#patch(group, (info) => addParticipants(info, participants));
  }

  /** Applies a notification that members left or were removed. @throws {StoreError} As `added`. */
  async removed(group: string, participants: readonly Jid[]): Promise<void> {
    requireObjects("remove participants: participants", participants);
    await this.#patch(group, (info) => removeParticipants(info, participants));
  }

  /**
   * Applies the server's answer to a request to add or remove members. Only accepted ones count. @throws
   * {StoreError}
   */
  async answered(
    group: string,
    action: "add" | "remove",
    results: readonly ParticipantResult[],
  ): Promise<void> {
    requireObjects("change participants: results", results);
    const accepted = results.filter(({ status }) => status === ACCEPTED);
    if (action === "add") await this.added(group, accepted);
    else
      await this.removed(
        group,
        accepted.map(({ jid }) => jid),
      );
  }

  /** Forgets a group that we have left. @throws {StoreError} */
  async leave(group: string): Promise<void> {
    await this.#locks.withKeys([group], () => this.#forget(group));
  }

  /** Nothing of what was known is true any more. */
  forgetAll(): void {
    this.#parts.cache.invalidateAll();
  }

  async #patch(group: string, patch: (info: GroupInfo) => GroupInfo): Promise<void> {
    await this.#locks.withKeys([group], async () => {
      const info = await this.#parts.cache.get(group);
      if (info === undefined) return await this.#forget(group);
      const next = patch(info);
      // Stored metadata may be older than the cached members, even if the change is known in memory. Until it
      // is deleted, the cache must not serve the group, because a restart would bring the older members back.
      await this.#forget(group);
      await this.#parts.cache.insert(group, next);
    });
  }

  /** Must be called with writes of other code, at the latest when they have landed. */
  follow(writes: readonly Write[]): void {
    requireObjects("follow: writes", writes);
    for (const write of writes) if (write.kind === "groupMetadata.put") this.#bare.stored(write.group);
  }

  /** Drops the cached members of a group of which other code has newer metadata. */
  outdated(group: string): void {
    void this.#parts.cache.invalidate(group);
  }

  /**
   * Adds a function that is called with each group whose metadata is about to be deleted. It is for copies
   * in memory, and must not fail.
   */
  onForgotten(listener: (group: string) => void): void {
    requireFunction("listener", listener);
    this.#forgetting.push(listener);
  }

  async #forget(group: string): Promise<void> {
    for (const listener of this.#forgetting) listener(group);
    await this.#parts.cache.invalidate(group);
    if (this.#bare.has(group)) return;
    const { now } = this.#bare;
    if ((await this.#parts.reads.getGroupMetadata(group)) !== undefined) {
      await this.#parts.commit([{ kind: "groupMetadata.delete", group }]);
    }
    this.#bare.add(group, now);
  }
}

/** @throws {TypeError} When the value is no members of a group. */
function requireInfo(info: GroupInfo): void {
  requireObject("cache group: info", info);
  requireObjects("cache group: participants", info.participants);
}
