import type { Jid } from "../../addresses/mod.ts";
import type { Write } from "../../backend/mod.ts";
import { KeyedLock, type ValueCache } from "../../cache/mod.ts";
import { addParticipants, type GroupInfo, type ParticipantChange, removeParticipants } from "./group_info.ts";

/** Status of a participant for whom the server did what was asked. */
const ACCEPTED = 200;

/** What a group cache is made of. */
export interface GroupCacheParts {
  /** Commits writes: an account's `commitWith`. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly cache: ValueCache<string, GroupInfo>;
}

/** What the server says became of one participant. */
export interface ParticipantResult extends ParticipantChange {
  readonly status: number;
}

/**
 * Who is in which group, in memory; what is not is fetched by whoever asks.
 *
 * Notifications change what is there, in place of fetching it again; a group that is not in memory stays so.
 * A change also deletes the group's stored metadata, since its members are not those any more: a restart
 * never serves older ones. Changes of one group go one at a time, under its lock.
 */
export class GroupCache {
  readonly #parts: GroupCacheParts;
  readonly #locks = new KeyedLock();

  constructor(parts: GroupCacheParts) {
    this.#parts = parts;
  }

  /** What is known of a group, `undefined` when nothing is. @param group Its JID. */
  async get(group: string): Promise<GroupInfo | undefined> {
    return await this.#parts.cache.get(group);
  }

  /**
   * What is known of a group, else what `fetch` answers: once for all who ask together. @throws What `fetch`
   * throws.
   */
  async getWith(group: string, fetch: () => Promise<GroupInfo>): Promise<GroupInfo> {
    return await this.#parts.cache.getWith(group, fetch);
  }

  /** Takes over what was fetched. */
  async insert(group: string, info: GroupInfo): Promise<void> {
    await this.#locks.withKeys([group], async () => await this.#parts.cache.insert(group, info));
  }

  /**
   * Members were added, a notification says. @throws {StoreError} When the commit failed: the group is to be
   * fetched again.
   */
  async added(group: string, participants: readonly ParticipantChange[]): Promise<void> {
    await this.#patch(group, (info) => addParticipants(info, participants));
  }

  /** Members have left or were removed, a notification says. @throws {StoreError} As `added`. */
  async removed(group: string, participants: readonly Jid[]): Promise<void> {
    await this.#patch(group, (info) => removeParticipants(info, participants));
  }

  /**
   * The server has answered a request to add or remove members: those count that it accepted. @throws
   * {StoreError}
   */
  async answered(
    group: string,
    action: "add" | "remove",
    results: readonly ParticipantResult[],
  ): Promise<void> {
    const accepted = results.filter(({ status }) => status === ACCEPTED);
    if (action === "add") await this.added(group, accepted);
    else
      await this.removed(
        group,
        accepted.map(({ jid }) => jid),
      );
  }

  /** We have left a group: nothing is known of it any more. @throws {StoreError} */
  async leave(group: string): Promise<void> {
    await this.#locks.withKeys([group], () => this.#forget(group));
  }

  async #patch(group: string, patch: (info: GroupInfo) => GroupInfo): Promise<void> {
    await this.#locks.withKeys([group], async () => {
      const info = await this.#parts.cache.get(group);
      if (info === undefined) return await this.#forget(group);
      const next = patch(info);
      // What is stored may be older than what is in memory, which the change is no news to. Until it is gone
      // nothing may be served from memory either: the older one would outlive a restart.
      await this.#forget(group);
      await this.#parts.cache.insert(group, next);
    });
  }

  async #forget(group: string): Promise<void> {
    await this.#parts.cache.invalidate(group);
    await this.#parts.commit([{ kind: "groupMetadata.delete", group }]);
  }
}
