/** Limit of entries. When the oldest entry is dropped, distributions that began before it mark no device. */
const MAX_REMEMBERED = 10_000;

/** A device to which a distribution that began at `since` sent the key of a group. */
export interface SentKey {
  readonly group: string;
  readonly device: string;
  readonly since: number;
}

/**
 * Records when keys and devices were dropped, so that a distribution that began earlier marks no device. One
 * counter orders all events.
 */
export class Forgettings {
  /** Counter of the last event by group, by group and device, and by device. The oldest comes first. */
  readonly #forgottenAt = new Map<string, number>();
  /** Devices that are being removed, with how many removals are under way. */
  readonly #removing = new Map<string, number>();
  #sequence = 0;
  /** A distribution that began before this counts as outdated. */
  #floor = 0;

  /** The current counter, to record when a distribution begins. */
  get now(): number {
    return this.#sequence;
  }

  /** Records that no device holds the key of a group any more. */
  addGroup(group: string): void {
    this.#add(group);
  }

  /** Records that a device no longer holds the key of a group. */
  addDevice(group: string, device: string): void {
    this.#add(`${group} ${device}`);
  }

  /** Records that no device holds any key that was sent so far. */
  addAll(): void {
    this.#sequence += 1;
    this.#floor = this.#sequence;
    this.#forgottenAt.clear();
  }

  /** Records that devices are being removed. @returns Call it when the removal has succeeded or failed. */
  beginRemoval(devices: readonly string[]): () => void {
    for (const device of devices) this.#removing.set(device, (this.#removing.get(device) ?? 0) + 1);
    return () => {
      for (const device of devices) {
        const others = (this.#removing.get(device) ?? 1) - 1;
        if (others === 0) this.#removing.delete(device);
        else this.#removing.set(device, others);
        this.#add(device);
      }
    };
  }

  /** Whether a device may no longer hold a key that was sent to it. */
  hasForgotten({ group, device, since }: SentKey): boolean {
    if (since < this.#floor || this.#removing.has(device)) return true;
    return [group, `${group} ${device}`, device].some((key) => (this.#forgottenAt.get(key) ?? 0) > since);
  }

  #add(key: string): void {
    this.#sequence += 1;
    this.#forgottenAt.delete(key);
    this.#forgottenAt.set(key, this.#sequence);
    if (this.#forgottenAt.size <= MAX_REMEMBERED) return;
    const [[oldest, at] = ["", 0]] = this.#forgottenAt;
    this.#forgottenAt.delete(oldest);
    this.#floor = at;
  }
}
