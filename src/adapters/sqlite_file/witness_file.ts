import { encodeUtf8 } from "../../bytes/mod.ts";
import type { HostFiles } from "./host_modules.ts";
import { decodeSlot, encodeSlot, SLOT_BYTES, type WitnessSlot } from "./witness_slot.ts";

/** The name of a witness: that of its database, and this. */
export const WITNESS_SUFFIX = "-witness";

/**
 * Slots of a witness. A counter belongs to one slot, so that processes that write their pairs late or at once
 * overwrite only pairs that are this much older.
 */
const SLOTS = 8;

/** The first 64 bytes. */
const HEADER = "Holdfast witness 1. It belongs to the database: see the README.\n";

const PRIVATE_MODE = 0o600;

/**
 * The file beside a database that witnesses how far the database had come. Its descriptor stays open, so that
 * a write costs one call. It is no file of SQLite, so closing it drops no lock.
 *
 * It is written after the pair is durable in the database, and is not synced: after a loss of power it may be
 * behind, never ahead.
 */
export class WitnessFile {
  readonly path: string;
  readonly #files: HostFiles;
  #descriptor: number | undefined;

  constructor(files: HostFiles, database: string) {
    this.#files = files;
    this.path = `${database}${WITNESS_SUFFIX}`;
  }

  /**
   * The slots of the file that is at the path now. None when there is no witness.
   *
   * @throws {Error} When the file cannot be read, or is no witness of this release.
   */
  read(): WitnessSlot[] {
    this.close();
    this.#descriptor = this.#open("r+");
    if (this.#descriptor === undefined) return [];
    const bytes = new Uint8Array((SLOTS + 1) * SLOT_BYTES);
    const length = this.#files.readSync(this.#descriptor, bytes, 0, bytes.length, 0);
    this.#requireHeader(bytes, Math.min(length, SLOT_BYTES));
    const slots: WitnessSlot[] = [];
    for (let at = SLOT_BYTES; at + SLOT_BYTES <= length; at += SLOT_BYTES) {
      const slot = decodeSlot(bytes.subarray(at, at + SLOT_BYTES));
      if (slot !== undefined) slots.push(slot);
    }
    return slots;
  }

  /** Writes a slot. Creates the file when there is none. @throws {Error} When that fails. */
  write(slot: WitnessSlot): void {
    const descriptor = this.#descriptor ?? this.#create();
    const at = (1 + (slot.counter % SLOTS)) * SLOT_BYTES;
    this.#files.writeSync(descriptor, encodeSlot(slot), 0, SLOT_BYTES, at);
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) this.#files.closeSync(descriptor);
  }

  #create(): number {
    const created = this.#open("wx+");
    const descriptor = created ?? this.#open("r+");
    if (descriptor === undefined) throw new Error("the witness was deleted");
    this.#descriptor = descriptor;
    if (created !== undefined) this.#writeHeader(created);
    return descriptor;
  }

  /** `undefined` when the file is absent, or for `wx+` when it is there. */
  #open(flags: "r+" | "wx+"): number | undefined {
    try {
      return this.#files.openSync(this.path, flags, PRIVATE_MODE);
    } catch (error) {
      const { code } = error as { readonly code?: unknown };
      if (code === (flags === "r+" ? "ENOENT" : "EEXIST")) return undefined;
      throw error;
    }
  }

  /**
   * Completes a header of which its first process has written only a part, or of which a loss of power has
   * left zeros.
   */
  #requireHeader(bytes: Uint8Array, length: number): void {
    let end = length;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    const text = new TextDecoder().decode(bytes.subarray(0, end));
    if (!HEADER.startsWith(text)) throw new Error("the file is no witness of this release");
    if (end < SLOT_BYTES && this.#descriptor !== undefined) this.#writeHeader(this.#descriptor);
  }

  #writeHeader(descriptor: number): void {
    this.#files.writeSync(descriptor, encodeUtf8(HEADER), 0, SLOT_BYTES, 0);
  }
}
