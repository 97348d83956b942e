import type { Write } from "../../backend/mod.ts";
import { lidMappingIdOf, lidMappingToUser } from "../../baileys/convert/mod.ts";

/** Our own user parts, and our device. */
export interface OwnUsers {
  readonly device: number | undefined;
  readonly phoneNumber: string | undefined;
  readonly lid: string | undefined;
}

/** The write of one mapping. */
interface MappingWrite {
  readonly lid: string;
  readonly write: Write;
}

/**
 * Collects the mappings of a state, of which each has two values: `<phoneNumber>` to LID and `<lid>_reverse`
 * to phone number.
 */
export class LidMappings {
  /** The current LID of each phone number. */
  readonly #lids = new Map<string, string>();
  readonly #phoneNumbers = new Map<string, string>();

  /** @throws {CorruptError} When the value is no user. */
  add(id: string, value: unknown): void {
    const user = lidMappingToUser(value);
    const meaning = lidMappingIdOf(id);
    if (meaning.kind === "lid-of") this.#lids.set(meaning.phoneNumber, user);
    else this.#phoneNumbers.set(meaning.lid, user);
  }

  get isEmpty(): boolean {
    return this.#lids.size + this.#phoneNumbers.size === 0;
  }

  /** All LIDs, of refused mappings too. */
  lids(): Set<string> {
    return new Set([...this.#phoneNumbers.keys(), ...this.#lids.values()]);
  }

  /**
   * One write for each mapping, and the LIDs of those that are refused: of which exactly one side is ours, or
   * whose sides are swapped.
   *
   * A phone number keeps the LIDs that it had before, so its current one is newer.
   */
  writes(own: Omit<OwnUsers, "device">): { readonly writes: MappingWrite[]; readonly refused: string[] } {
    const pairs = new Map(this.#phoneNumbers);
    for (const [phoneNumber, lid] of this.#lids) if (!pairs.has(lid)) pairs.set(lid, phoneNumber);
    if (own.lid !== undefined && own.phoneNumber !== undefined) pairs.set(own.lid, own.phoneNumber);
    const writes: MappingWrite[] = [];
    const refused: string[] = [];
    for (const [lid, phoneNumber] of pairs) {
      const isHalfOwn = (lid === own.lid) !== (phoneNumber === own.phoneNumber);
      if (
        (isHalfOwn && !this.#isFormerOwn(lid, phoneNumber, own)) ||
        lid === phoneNumber ||
        this.#isSwapped(lid)
      ) {
        refused.push(lid);
        continue;
      }
      const isCurrent = lid === own.lid || (this.#lids.get(phoneNumber) ?? lid) === lid;
      const createdAt = isCurrent ? 1 : 0;
      const entry = { lid, phoneNumber, createdAt, updatedAt: createdAt, learningSource: "other" } as const;
      writes.push({ lid, write: { kind: "lidMapping.put", entries: [entry] } });
    }
    return { writes, refused };
  }

  /** Without our own LID nothing tells whether a mapping of our number is ours. */
  #isFormerOwn(lid: string, phoneNumber: string, own: Omit<OwnUsers, "device">): boolean {
    return own.lid === undefined && phoneNumber === own.phoneNumber && lid !== own.phoneNumber;
  }

  /** Whether a LID is a phone number with a LID of its own. */
  #isSwapped(lid: string): boolean {
    return this.#lids.has(lid);
  }
}
