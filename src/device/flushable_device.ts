import type { Device, Write } from "../backend/mod.ts";
import { LimitError } from "../errors/mod.ts";
import type { Clock } from "../ports/mod.ts";
import { copyValue } from "../rules/mod.ts";
import {
  type DirtyItem,
  estimateBytes,
  type Flushable,
  type Outcome,
  type Pending,
  type Urgency,
} from "../write_behind/mod.ts";

/** Name of the device among the flushables of an account, and key of its one item. */
export const DEVICE_FLUSHABLE = "device";

/** What pairing has brought cannot be had again. */
const URGENCY: Urgency = "now";

/** Writes that may wait for a commit together with the device. A full upload of pre-keys is below 1,000. */
const MAX_STAGED_WRITES = 8_192;

interface StagedWrite {
  readonly write: Write;
  readonly generation: number;
}

/**
 * The device as a flushable: one item, which holds the device row and the writes that must land in the
 * same commit as it, never before and never after.
 */
export class FlushableDevice implements Flushable {
  readonly name: string = DEVICE_FLUSHABLE;
  readonly #clock: Clock;
  readonly #device: () => Device;
  readonly #committed: (writes: readonly Write[]) => void;
  #staged: StagedWrite[] = [];
  #generation = 0;
  #cleanGeneration = 0;
  #bytes = 0;
  #dirtySinceMs = 0;
  #collectedAtMs = 0;

  /**
   * @param device The device as it is now. It is never changed in place.
   * @param committed Called with staged writes that have been committed.
   */
  constructor(clock: Clock, device: () => Device, committed: (writes: readonly Write[]) => void) {
    this.#clock = clock;
    this.#device = device;
    this.#committed = committed;
  }

  get dirty(): boolean {
    return this.#generation !== this.#cleanGeneration;
  }

  /** Writes that wait for the device's next commit, oldest first. */
  get staged(): readonly Write[] {
    return this.#staged.map(({ write }) => write);
  }

  /** @throws {LimitError} When so many writes wait already that these would be too many. */
  requireRoom(writes: number): void {
    if (this.#staged.length + writes > MAX_STAGED_WRITES) {
      throw new LimitError(`save device: ${this.#staged.length} writes are waiting for it already`);
    }
  }

  /**
   * The device has changed, or `writes` are to land with it. They were checked, and belong to the flushable
   * now, with their bytes.
   */
  changed(writes: readonly Write[]): void {
    if (!this.dirty) this.#dirtySinceMs = this.#clock.nowMs();
    this.#generation += 1;
    for (const write of writes) this.#staged.push({ write, generation: this.#generation });
    this.#bytes = estimateBytes([this.#saveWrite(), ...this.staged]);
  }

  /** Drops the writes that wait, for those that take their place: they belonged to another identity. */
  dropStaged(): void {
    this.#staged = [];
  }

  pending(): Pending {
    const { dirty } = this;
    return {
      must: dirty ? 1 : 0,
      may: 0,
      bytes: dirty ? this.#bytes : 0,
      oldestAtMs: dirty ? this.#dirtySinceMs : undefined,
    };
  }

  collect(only?: (key: string, urgency: Urgency) => boolean): readonly DirtyItem[] {
    this.#collectedAtMs = this.#clock.nowMs();
    if (!this.dirty || only?.(DEVICE_FLUSHABLE, URGENCY) === false) return [];
    const writes = [...this.staged, copyValue(this.#saveWrite())];
    return [{ key: DEVICE_FLUSHABLE, generation: this.#generation, urgency: URGENCY, writes, checked: true }];
  }

  applyOutcome({ committed }: Outcome): void {
    const [item] = committed;
    if (item === undefined) return;
    this.#cleanGeneration = item.generation;
    const staged = this.#staged;
    this.#staged = staged.filter(({ generation }) => generation > item.generation);
    this.#dirtySinceMs = this.#collectedAtMs;
    const landed = staged.filter(({ generation }) => generation <= item.generation);
    if (landed.length > 0) this.#committed(landed.map(({ write }) => write));
  }

  #saveWrite(): Write {
    return { kind: "device.save", device: this.#device() };
  }
}
