import type { LidPnMapping } from "../../backend/mod.ts";
import { isNewest } from "./learning_policy.ts";

/** Limit of replayed mappings. Beyond it the oldest are dropped; they return when they are seen live. */
const MAX_MAPPINGS = 10_000;

interface OfflineMaps {
  readonly byLid: Map<string, LidPnMapping>;
  readonly lidsOf: Map<string, Set<string>>;
  /** The previous phone numbers of each LID, and the number of LIDs that have left each phone number. */
  readonly leftBy: Map<string, Set<string>>;
  readonly leftCount: Map<string, number>;
}

/**
 * Mappings from replays of offline events that are not stored yet. They take precedence over stored mappings.
 */
export class OfflineMappings {
  /** `undefined` until the first one is added: most accounts never have any. */
  #maps: OfflineMaps | undefined;

  get(lid: string): LidPnMapping | undefined {
    return this.#maps?.byLid.get(lid);
  }

  /** @param before The previous phone number of the LID. */
  add(mapping: LidPnMapping, before: string | undefined): void {
    this.#maps ??= { byLid: new Map(), lidsOf: new Map(), leftBy: new Map(), leftCount: new Map() };
    const { byLid, lidsOf, leftBy, leftCount } = this.#maps;
    const left = new Set(leftBy.get(mapping.lid));
    if (before !== undefined) left.add(before);
    this.delete(mapping.lid);
    byLid.set(mapping.lid, mapping);
    leftBy.set(mapping.lid, left);
    for (const phoneNumber of left) leftCount.set(phoneNumber, (leftCount.get(phoneNumber) ?? 0) + 1);
    const lids = lidsOf.get(mapping.phoneNumber) ?? new Set();
    lidsOf.set(mapping.phoneNumber, lids.add(mapping.lid));
    if (byLid.size <= MAX_MAPPINGS) return;
    const [oldest = ""] = byLid.keys();
    this.delete(oldest);
  }

  delete(lid: string): void {
    const mapping = this.get(lid);
    if (this.#maps === undefined || mapping === undefined) return;
    const { byLid, lidsOf, leftBy, leftCount } = this.#maps;
    byLid.delete(lid);
    const lids = lidsOf.get(mapping.phoneNumber);
    lids?.delete(lid);
    if (lids?.size === 0) lidsOf.delete(mapping.phoneNumber);
    for (const phoneNumber of leftBy.get(lid) ?? []) {
      const others = (leftCount.get(phoneNumber) ?? 1) - 1;
      if (others === 0) leftCount.delete(phoneNumber);
      else leftCount.set(phoneNumber, others);
    }
    leftBy.delete(lid);
  }

  clear(): void {
    this.#maps = undefined;
  }

  /** Whether replayed mappings may change the LID of a phone number. */
  concerns(phoneNumber: string): boolean {
    if (this.#maps === undefined) return false;
    return this.#maps.lidsOf.has(phoneNumber) || this.#maps.leftCount.has(phoneNumber);
  }

  /** The mapping of a LID, given the stored one. */
  ofLid(lid: string, stored: LidPnMapping | undefined): LidPnMapping | undefined {
    return this.get(lid) ?? stored;
  }

  /** The mapping of a phone number, given the stored one. */
  ofPn(phoneNumber: string, stored: LidPnMapping | undefined): LidPnMapping | undefined {
    const said = stored === undefined ? undefined : this.get(stored.lid);
    // A LID that moved to another phone number no longer belongs to this one.
    let newest = said === undefined || said.phoneNumber === phoneNumber ? stored : undefined;
    for (const lid of this.#maps?.lidsOf.get(phoneNumber) ?? []) {
      const mapping = this.get(lid);
      if (mapping !== undefined && isNewest(mapping, newest)) newest = mapping;
    }
    return newest;
  }
}
