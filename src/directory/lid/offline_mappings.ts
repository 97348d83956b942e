import type { LidPnMapping } from "../../backend/mod.ts";
import { isNewest } from "./learning_policy.ts";

/** Mappings that are kept. Beyond it the oldest are forgotten: they come again when they are seen live. */
const MAX_MAPPINGS = 10_000;

/**
 * What replays of what happened offline have said and the store does not know: it is laid over what the store
 * says.
 */
export class OfflineMappings {
  readonly #byLid = new Map<string, LidPnMapping>();
  readonly #lidsOf = new Map<string, Set<string>>();
  /** The phone numbers that each LID had before, and how many LIDs have left each phone number. */
  readonly #leftBy = new Map<string, Set<string>>();
  readonly #leftCount = new Map<string, number>();

  get(lid: string): LidPnMapping | undefined {
    return this.#byLid.get(lid);
  }

  /** @param before Whose the LID was. */
  add(mapping: LidPnMapping, before: string | undefined): void {
    const left = new Set(this.#leftBy.get(mapping.lid));
    if (before !== undefined) left.add(before);
    this.delete(mapping.lid);
    this.#byLid.set(mapping.lid, mapping);
    this.#leftBy.set(mapping.lid, left);
    for (const phoneNumber of left) {
      this.#leftCount.set(phoneNumber, (this.#leftCount.get(phoneNumber) ?? 0) + 1);
    }
    const lids = this.#lidsOf.get(mapping.phoneNumber) ?? new Set();
    this.#lidsOf.set(mapping.phoneNumber, lids.add(mapping.lid));
    if (this.#byLid.size <= MAX_MAPPINGS) return;
    const [oldest = ""] = this.#byLid.keys();
    this.delete(oldest);
  }

  delete(lid: string): void {
    const mapping = this.#byLid.get(lid);
    if (mapping === undefined) return;
    this.#byLid.delete(lid);
    const lids = this.#lidsOf.get(mapping.phoneNumber);
    lids?.delete(lid);
    if (lids?.size === 0) this.#lidsOf.delete(mapping.phoneNumber);
    for (const phoneNumber of this.#leftBy.get(lid) ?? []) {
      const others = (this.#leftCount.get(phoneNumber) ?? 1) - 1;
      if (others === 0) this.#leftCount.delete(phoneNumber);
      else this.#leftCount.set(phoneNumber, others);
    }
    this.#leftBy.delete(lid);
  }

  /** Whether the store may know something else of a phone number than is known with the replays. */
  concerns(phoneNumber: string): boolean {
    if (this.#byLid.size === 0) return false;
    return this.#lidsOf.has(phoneNumber) || this.#leftCount.has(phoneNumber);
  }

  /** What is known of a LID, given what the store says. */
  ofLid(lid: string, stored: LidPnMapping | undefined): LidPnMapping | undefined {
    return this.#byLid.get(lid) ?? stored;
  }

  /** What a phone number resolves to, given what the store says. */
  ofPn(phoneNumber: string, stored: LidPnMapping | undefined): LidPnMapping | undefined {
    const said = stored === undefined ? undefined : this.#byLid.get(stored.lid);
    // A LID that has gone to another phone is not this one's any more.
    let newest = said === undefined || said.phoneNumber === phoneNumber ? stored : undefined;
    for (const lid of this.#lidsOf.get(phoneNumber) ?? []) {
      const mapping = this.#byLid.get(lid);
      if (mapping !== undefined && isNewest(mapping, newest)) newest = mapping;
    }
    return newest;
  }
}
