import { isLidServer, isPnServer, type Jid, tryParseJid } from "../../addresses/mod.ts";
import type { LearntMapping } from "./learnt_mapping.ts";

/** Our own phone-number and LID JIDs, as far as they are known. */
export interface OwnJids {
  /** JID of our phone number; absent before pairing. */
  readonly pn?: string | undefined;
  /** JID of our LID; absent until it is known. */
  readonly lid?: string | undefined;
}

/**
 * Why a mapping is refused.
 *
 * - `swapped`: its LID is our phone number, or its phone number our LID.
 * - `half-own`: exactly one of its ends is ours. Moving state by such a mapping would give our sessions to
 *   another user, or theirs to us.
 */
export type MappingRefusal = "half-own" | "swapped";

/** Our own JIDs, collected from the device and from credentials that are not saved yet. */
export class OwnUsers {
  readonly #sources: (() => OwnJids | undefined)[] = [];

  /** Adds a function that is called at each check. */
  add(source: () => OwnJids | undefined): void {
    this.#sources.push(source);
  }

  /** Whether a user part is our phone number or our LID. */
  has(user: string): boolean {
    return this.#jids.some((jid) => jid.user === user);
  }

  /** Whether a device number of our own user is this account's device. */
  isThisDevice(device: number): boolean {
    return this.#jids.some((jid) => jid.device === device);
  }

  get #jids(): Jid[] {
    const own = this.#sources.map((source) => source());
    return own.flatMap((jids) => [...jidsOf(jids?.pn), ...jidsOf(jids?.lid)]);
  }

  /**
   * Separates acceptable mappings from those to refuse.
   *
   * @param isOwnSource Whether the mappings come from login or pairing, which may name our LID or phone
   *   number before it is known.
   */
  judge<M extends LearntMapping>(
    mappings: readonly M[],
    isOwnSource: boolean,
  ): { readonly accepted: readonly M[]; readonly refusals: readonly MappingRefusal[] } {
    // There is more than one of each only while a change is being saved.
    const own = this.#jids;
    const lids = new Set(own.filter(({ server }) => isLidServer(server)).map(({ user }) => user));
    const pns = new Set(own.filter(({ server }) => isPnServer(server)).map(({ user }) => user));
    if (pns.size === 0 && lids.size === 0) return { accepted: mappings, refusals: [] };
    const accepted: M[] = [];
    const refusals: MappingRefusal[] = [];
    for (const mapping of mappings) {
      const isOurPn = pns.has(mapping.phoneNumber);
      const isOurLid = lids.has(mapping.lid);
      const completes = isOwnSource && (isOurPn ? lids.size === 0 : pns.size === 0);
      if (pns.has(mapping.lid) || lids.has(mapping.phoneNumber)) refusals.push("swapped");
      else if (isOurPn !== isOurLid && !completes) refusals.push("half-own");
      else accepted.push(mapping);
    }
    return { accepted, refusals };
  }
}

function jidsOf(text: string | undefined): Jid[] {
  const jid = text === undefined ? undefined : tryParseJid(text);
  return jid === undefined ? [] : [jid];
}
