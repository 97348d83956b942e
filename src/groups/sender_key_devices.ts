import { formatJid, type Jid } from "../addresses/mod.ts";
import type { ProtocolReads, SenderKeyDevice, Write } from "../backend/mod.ts";
import { KeyedLock, type ValueCache } from "../cache/mod.ts";

/** Who holds our sender key in a group: device JIDs. Plain data. */
export type KeyHolders = readonly string[];

/** What the tracking is made of. */
export interface SenderKeyDevicesParts {
  readonly reads: Pick<ProtocolReads, "getSenderKeyDevices">;
  /** Commits writes: an account's `commitWith`. */
  readonly commit: (writes: readonly Write[]) => Promise<unknown>;
  readonly cache: ValueCache<string, KeyHolders>;
  /** Drops our own sender key of a group, under its lock. */
  readonly dropSenderKey: (name: string) => Promise<void>;
}

/**
 * Which devices hold our sender key in which group, in memory over the store.
 *
 * A mark that says too little costs a key sent twice; one that says too much is a device that cannot read the group. So a device
 * is marked after the server has acknowledged the message that took the key to it, and marks go before the key does.
 */
export class SenderKeyDevices {
  readonly #parts: SenderKeyDevicesParts;
  readonly #locks = new KeyedLock();

  constructor(parts: SenderKeyDevicesParts) {
    this.#parts = parts;
  }

  /** Those of `devices` that do not hold our key of the group: it is to be sent to them. @throws {StoreError} */
  async withoutKey(group: string, devices: readonly Jid[]): Promise<Jid[]> {
    const holders = new Set(await this.#holders(group));
    return devices.filter((device) => !holders.has(formatJid(device)));
  }

  /** The server has acknowledged the message that took our key to these devices. Durable. @throws {StoreError} */
  async acknowledged(group: string, devices: readonly Jid[]): Promise<void> {
    await this.#mark(group, devices, true);
  }

  /** These devices do not hold our key any more: one of them asked for a retry, say. Durable. @throws {StoreError} */
  async forget(group: string, devices: readonly Jid[]): Promise<void> {
    await this.#mark(group, devices, false);
  }

  /**
   * Begins a new sender key: nobody holds it. The marks are gone, durably, before the old key is, so that no crash leaves marks
   * for a key that nobody has.
   *
   * @param name Our sender key's name in the group.
   * @throws {StoreError} When the marks could not be cleared: the key is as it was.
   */
  async rotate(group: string, name: string): Promise<void> {
    await this.#locks.withKeys([group], async () => {
      await this.#parts.cache.invalidate(group);
      await this.#parts.commit([{ kind: "senderKeyDevices.clear", group }]);
      await this.#parts.dropSenderKey(name);
    });
  }

  /** Our key of a group is gone, and its marks in the store with it: memory follows. */
  lost(group: string): void {
    void this.#parts.cache.invalidate(group);
  }

  /** Devices are gone, and their marks in the store with them: memory follows. */
  devicesRemoved(): void {
    this.#parts.cache.invalidateAll();
  }

  async #mark(group: string, devices: readonly Jid[], hasKey: boolean): Promise<void> {
    if (devices.length === 0) return;
    await this.#locks.withKeys([group], async () => {
      const entries = devices.map((device): SenderKeyDevice => [formatJid(device), hasKey]);
      await this.#parts.commit([{ kind: "senderKeyDevices.set", group, entries }]);
      // Read again by whoever asks next: marks of removed devices may have gone meanwhile.
      await this.#parts.cache.invalidate(group);
    });
  }

  async #holders(group: string): Promise<KeyHolders> {
    return await this.#parts.cache.getWith(group, async () => {
      const marks = await this.#parts.reads.getSenderKeyDevices(group);
      return marks.flatMap(([device, hasKey]) => (hasKey ? [device] : []));
    });
  }
}
