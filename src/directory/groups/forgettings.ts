/**
 * Forgettings that are remembered one by one. Beyond it, distributions that began before the oldest of them
 * mark nobody.
 */
const MAX_REMEMBERED = 10_000;

/** A device that was sent a group's key by a distribution that began at `since`. */
export interface SentKey {
  readonly group: string;
  readonly device: string;
  readonly since: number;
}

/**
 * Which keys, on their way while they were given up, must not be taken for held. In the order of one counter.
 */
export class Forgettings {
  /** When it was last forgotten, by group, by group and device, and by device: the oldest first. */
  readonly #forgottenAt = new Map<string, number>();
  /** Devices that are being removed, with how many removals are under way. */
  readonly #removing = new Map<string, number>();
  #sequence = 0;
  /** What began before this may have been forgotten. */
  #floor = 0;

  /** The place in the order that something beginning now has. */
  get now(): number {
    return this.#sequence;
  }

  /** Nobody holds the key of a group any more. */
  addGroup(group: string): void {
    this.#add(group);
  }

  /** A device does not hold the key of a group any more. */
  addDevice(group: string, device: string): void {
    this.#add(`${group} ${device}`);
  }

  /** Devices are being removed. @returns What to call when they are, or are not after all. */
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

  /** Whether a key that was sent is not held, or may not be. */
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
