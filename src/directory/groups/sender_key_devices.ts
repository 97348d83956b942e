import { formatJid, type Jid } from "../../addresses/mod.ts";
import type { ProtocolReads, SenderKeyDevice, Write } from "../../backend/mod.ts";
import { KeyedLock, type ValueCache } from "../../cache/mod.ts";
import { Forgettings } from "./forgettings.ts";

/** Who holds our sender key in a group: device JIDs. Plain data. */
export type KeyHolders = readonly string[];

/** What the tracking is made of. */
export interface SenderKeyDevicesParts {
  readonly reads: Pick<ProtocolReads, "getSenderKeyDevices">;
  /**
   * Commits writes together with everything that is dirty, and has them followed: an account's `commitWith`.
   */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly cache: ValueCache<string, KeyHolders>;
  /** Drops our own sender key of a group, under its lock. It is gone from the store with the next commit. */
  readonly dropSenderKey: (name: string) => Promise<void>;
}

/** Our sender key of a group on its way to the devices that do not hold it. */
export interface KeyDistribution {
  /** Those that it is to be sent to. */
  readonly devices: readonly Jid[];
  /**
   * The server has acknowledged the message that took the key to them: they are marked, durably. Not those
   * that have gone or forgotten the key since the distribution began, and none when the key was given up:
   * what they were sent is not what they need next.
   *
   * @throws {StoreError} Nobody was marked: the key is sent again.
   */
  acknowledged(): Promise<void>;
}

/**
 * Which devices hold our sender key in which group, in memory over the store.
 *
 * A mark that says too little costs a key sent twice; one that says too much is a device that cannot read the
 * group. So a device is marked after the server has acknowledged the message that took the key to it, and
 * marks go before the key does.
 */
export class SenderKeyDevices {
  readonly #parts: SenderKeyDevicesParts;
  readonly #locks = new KeyedLock();
  readonly #forgettings = new Forgettings();
  /** Groups whose key was given up while the store has marks of it still. */
  readonly #lost = new Set<string>();

  constructor(parts: SenderKeyDevicesParts) {
    this.#parts = parts;
  }

  /**
   * Those of `devices` that do not hold our key of the group: it is to be sent to them. Load our key first,
   * since it may be given up on that occasion, and then nobody holds it.
   *
   * @throws {StoreError}
   */
  async withoutKey(group: string, devices: readonly Jid[]): Promise<Jid[]> {
    if (this.#lost.has(group)) await this.#locks.withKeys([group], () => this.#clearLost(group));
    const holders = new Set(await this.#holders(group));
    return devices.filter((device) => !holders.has(formatJid(device)));
  }

  /** As `withoutKey`, for who is going to send the key to them. @throws {StoreError} */
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
   * These devices do not hold our key any more: one of them asked for a retry, say. Durable. @throws
   * {StoreError}
   */
  async forget(group: string, devices: readonly Jid[]): Promise<void> {
    await this.#locks.withKeys([group], async () => {
      for (const device of devices) this.#forgettings.addDevice(group, formatJid(device));
      await this.#mark(group, devices, false);
    });
  }

  /**
   * Begins a new sender key: nobody holds it. The marks are gone, durably, before the old key is, so that no
   * crash leaves marks for a key that nobody has; and the old key is gone, durably, when this resolves, so
   * that no crash brings it back.
   *
   * @param name Our sender key's name in the group.
   * @throws {StoreError} When the marks could not be cleared, the key is as it was. When it could not be
   *   removed from the store, it is dropped here, and from the store with the next flush.
   */
  async rotate(group: string, name: string): Promise<void> {
    const clear: Write = { kind: "senderKeyDevices.clear", group };
    await this.#locks.withKeys([group], async () => {
      this.#forgettings.addGroup(group);
      await this.#parts.cache.invalidate(group);
      await this.#parts.commit([clear]);
      await this.#parts.dropSenderKey(name);
      // What began since then may be the old key.
      this.#forgettings.addGroup(group);
      await this.#parts.commit([clear]);
      await this.#parts.cache.invalidate(group);
      this.#lost.delete(group);
    });
  }

  /**
   * Our key of a group was given up. Its marks may be in the store: they are not believed, and cleared when
   * somebody asks.
   */
  lost(group: string): void {
    this.#forgettings.addGroup(group);
    this.#lost.add(group);
    void this.#parts.cache.invalidate(group);
  }

  /**
   * Runs a commit that removes devices, by all their JIDs, with their marks: memory follows, and no mark
   * comes after it.
   */
  async whileRemoved<T>(deviceJids: readonly string[], commit: () => Promise<T>): Promise<T> {
    const end = this.#forgettings.beginRemoval(deviceJids);
    try {
      return await commit();
    } finally {
      end();
      this.#parts.cache.invalidateAll();
    }
  }

  /** Forgets the marks that writes to the store, applied just now, or perhaps, may have changed. */
  async follow(writes: readonly Write[]): Promise<void> {
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

  async #mark(group: string, devices: readonly Jid[], hasKey: boolean): Promise<void> {
    if (devices.length === 0) return;
    const entries = devices.map((device): SenderKeyDevice => [formatJid(device), hasKey]);
    await this.#parts.commit([{ kind: "senderKeyDevices.set", group, entries }]);
    // Read again by whoever asks next: marks of removed devices may have gone meanwhile.
    await this.#parts.cache.invalidate(group);
  }

  async #clearLost(group: string): Promise<void> {
    if (!this.#lost.has(group)) return;
    await this.#parts.commit([{ kind: "senderKeyDevices.clear", group }]);
    this.#lost.delete(group);
    await this.#parts.cache.invalidate(group);
  }

  async #holders(group: string): Promise<KeyHolders> {
    return await this.#parts.cache.getWith(group, async () => {
      const marks = await this.#parts.reads.getSenderKeyDevices(group);
      return marks.flatMap(([device, hasKey]) => (hasKey ? [device] : []));
    });
  }
}
