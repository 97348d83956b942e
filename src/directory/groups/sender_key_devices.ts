import { formatJid, type Jid } from "../../addresses/mod.ts";
import type { ProtocolReads, SenderKeyDevice, Write } from "../../backend/mod.ts";
import { KeyedLock, type ValueCache } from "../../cache/mod.ts";
import { requireFunction, requireList, requireObjects } from "../../errors/mod.ts";
import { Forgettings } from "./forgettings.ts";

/** The devices of a group that are marked as holding our sender key or not. Plain data. */
export type KeyMarks = readonly SenderKeyDevice[];

/** Dependencies of `SenderKeyDevices`. */
export interface SenderKeyDevicesParts {
  readonly reads: Pick<ProtocolReads, "getSenderKeyDevices">;
  /** Commits writes together with all dirty items, and calls the followers: `commitWith` of an account. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly cache: ValueCache<string, KeyMarks>;
  /** Drops our own sender key of a group, under its lock. The next commit deletes it from the store. */
  readonly dropSenderKey: (name: string) => Promise<void>;
}

/** One round of sending our sender key of a group to the devices that do not hold it. */
export interface KeyDistribution {
  /** The devices that need the key. */
  readonly devices: readonly Jid[];
  /**
   * Call it when the server has acknowledged the message with the key. Marks the devices durably, except
   * those that were removed or asked for a retry since the distribution began. Marks no device if the key was
   * dropped in between.
   *
   * @throws {StoreError} No device was marked, so the key is sent again.
   */
  acknowledged(): Promise<void>;
}

/**
 * The devices that hold our sender key of each group, cached in memory over the store.
 *
 * A missing mark costs a second transfer of the key. A wrong mark leaves a device unable to read the group.
 * So a device is marked only after the server has acknowledged the message with the key, and marks are
 * deleted before the key.
 */
export class SenderKeyDevices {
  readonly #parts: SenderKeyDevicesParts;
  readonly #locks = new KeyedLock();
  readonly #forgettings = new Forgettings();
  /** Groups whose key was dropped while the store still has its marks. */
  readonly #lost = new Set<string>();

  /** Called by `directory`. No subpath exports the class as a value. */
  constructor(parts: SenderKeyDevicesParts) {
    this.#parts = parts;
  }

  /**
   * Those of `devices` that do not hold our key of the group and need it. Load our key first: loading may
   * drop it, and then no device holds it.
   *
   * @throws {StoreError}
   */
  async withoutKey(group: string, devices: readonly Jid[]): Promise<Jid[]> {
    requireObjects("find devices without key: devices", devices);
    const marks = await this.marks(group);
    const holders = new Set(marks.flatMap(([device, hasKey]) => (hasKey ? [device] : [])));
    return devices.filter((device) => !holders.has(formatJid(device)));
  }

  /**
   * The marks of a group, by device JID. A device without a mark does not hold our key. Load our key first:
   * see `withoutKey`.
   *
   * @throws {StoreError}
   */
  async marks(group: string): Promise<readonly SenderKeyDevice[]> {
    if (this.#lost.has(group)) await this.#locks.withKeys([group], () => this.#clearLost(group));
    return await this.#parts.cache.getWith(group, () => this.#parts.reads.getSenderKeyDevices(group));
  }

  /** As `withoutKey`, for callers that send the key to these devices. @throws {StoreError} */
  async beginDistribution(group: string, devices: readonly Jid[]): Promise<KeyDistribution> {
    const since = this.#forgettings.now;
    const without = await this.withoutKey(group, devices);
    const isStill = (device: Jid): boolean =>
      !this.#forgettings.hasForgotten({ group, device: formatJid(device), since });
    return {
      devices: without,
      acknowledged: () =>
        this.#locks.withKeys([group], () => this.#mark(group, without.filter(isStill), true)),
    };
  }

  /**
   * Removes the marks of devices that no longer hold our key, for example after a request for a retry.
   * Durable when it resolves. @throws {StoreError}
   */
  async forget(group: string, devices: readonly Jid[]): Promise<void> {
    requireObjects("forget key holders: devices", devices);
    await this.#locks.withKeys([group], async () => {
      for (const device of devices) this.#forgettings.addDevice(group, formatJid(device));
      await this.#mark(group, devices, false);
    });
  }

  /**
   * Drops our sender key so that a new one begins. The marks are deleted durably before the old key, so that
   * no crash leaves marks for a key that no device has. The old key is deleted durably when this resolves, so
   * that no crash brings it back.
   *
   * @param name Name of our sender key in the group.
   * @throws {StoreError} If the marks cannot be cleared, the key is unchanged. If the key cannot be deleted
   *   from the store, it is dropped in memory, and the next flush deletes it.
   */
  async rotate(group: string, name: string): Promise<void> {
    const clear: Write = { kind: "senderKeyDevices.clear", group };
    await this.#locks.withKeys([group], async () => {
      this.#forgettings.addGroup(group);
      await this.#parts.cache.invalidate(group);
      await this.#parts.commit([clear]);
      await this.#parts.dropSenderKey(name);
      // A distribution that began since then may carry the old key.
      this.#forgettings.addGroup(group);
      await this.#parts.commit([clear]);
      await this.#parts.cache.invalidate(group);
      this.#lost.delete(group);
    });
  }

  /** Records that our key of a group was dropped. Stored marks are ignored and cleared at the next lookup. */
  lost(group: string): void {
    this.#forgettings.addGroup(group);
    this.#lost.add(group);
    void this.#parts.cache.invalidate(group);
  }

  /**
   * Runs a commit that removes devices, named by all their JIDs, and their marks. Updates memory afterwards;
   * earlier distributions do not mark these devices.
   */
  async whileRemoved<T>(deviceJids: readonly string[], commit: () => Promise<T>): Promise<T> {
    requireList("remove devices: deviceJids", deviceJids);
    requireFunction("remove devices: commit", commit);
    const end = this.#forgettings.beginRemoval(deviceJids);
    try {
      return await commit();
    } finally {
      end();
      this.#parts.cache.invalidateAll();
    }
  }

  /** Drops cached marks that may be outdated after a commit, whether its outcome is known or in doubt. */
  async follow(writes: readonly Write[]): Promise<void> {
    requireObjects("follow: writes", writes);
    for (const write of writes) {
      switch (write.kind) {
        case "senderKeyDevices.set":
        case "senderKeyDevices.clear":
          await this.#parts.cache.invalidate(write.group);
          break;
        case "senderKeyDevices.deleteRows":
        case "senderKeyDevices.clearAll":
          this.#parts.cache.invalidateAll();
      }
    }
  }

  /**
   * Our sender keys are gone, with their marks: no device holds one, and what is on its way is none of those
   * to come.
   */
  forgetAll(): void {
    this.#forgettings.addAll();
    this.#lost.clear();
    this.#parts.cache.invalidateAll();
  }

  async #mark(group: string, devices: readonly Jid[], hasKey: boolean): Promise<void> {
    if (devices.length === 0) return;
    const entries = devices.map((device): SenderKeyDevice => [formatJid(device), hasKey]);
    await this.#parts.commit([{ kind: "senderKeyDevices.set", group, entries }]);
    // The next lookup reads again, because marks of removed devices may have been deleted since.
    await this.#parts.cache.invalidate(group);
  }

  async #clearLost(group: string): Promise<void> {
    if (!this.#lost.has(group)) return;
    await this.#parts.commit([{ kind: "senderKeyDevices.clear", group }]);
    this.#lost.delete(group);
    await this.#parts.cache.invalidate(group);
  }
}
