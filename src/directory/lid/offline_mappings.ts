import type { LidPnMapping } from "../../backend/mod.ts";
import { isNewest } from "./learning_policy.ts";

/** Limit of replayed mappings. Beyond it the oldest are dropped; they return when they are seen live. */
const MAX_MAPPINGS = 10_000;

/**
 * Mappings from replays of offline events that are not stored yet. They take precedence over stored mappings.
 */
export class OfflineMappings {
  readonly #byLid = new Map<string, LidPnMapping>();
  readonly #lidsOf = new Map<string, Set<string>>();
  /** The previous phone numbers of each LID, and the number of LIDs that have left each phone number. */
  readonly #leftBy = new Map<string, Set<string>>();
  readonly #leftCount = new Map<string, number>();

  get(lid: string): LidPnMapping | undefined {
    return this.#byLid.get(lid);
  }

  /** @param before The previous phone number of the LID. */
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

  clear(): void {
    for (const known of [this.#byLid, this.#lidsOf, this.#leftBy, this.#leftCount]) known.clear();
  }

  /** Whether replayed mappings may change the LID of a phone number. */
  concerns(phoneNumber: string): boolean {
    if (this.#byLid.size === 0) return false;
    return this.#lidsOf.has(phoneNumber) || this.#leftCount.has(phoneNumber);
  }

  /** The mapping of a LID, given the stored one. */
  ofLid(lid: string, stored: LidPnMapping | undefined): LidPnMapping | undefined {
    return this.#byLid.get(lid) ?? stored;
  }

  /** The mapping of a phone number, given the stored one. */
  ofPn(phoneNumber: string, stored: LidPnMapping | undefined): LidPnMapping | undefined {
    const said = stored === undefined ? undefined : this.#byLid.get(stored.lid);
    // A LID that moved to another phone number no longer belongs to this one.
    let newest = said === undefined || said.phoneNumber === phoneNumber ? stored : undefined;
    for (const lid of this.#lidsOf.get(phoneNumber) ?? []) {
      const mapping = this.#byLid.get(lid);
      if (mapping !== undefined && isNewest(mapping, newest)) newest = mapping;
    }
    return newest;
  }
}
