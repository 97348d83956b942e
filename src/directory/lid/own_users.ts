import { isLidServer, isPnServer, type Jid, tryParseJid } from "../../addresses/mod.ts";
import type { LearntMapping } from "./learnt_mapping.ts";

/** Our own two JIDs, as far as they are known. */
export interface OwnJids {
  readonly pn?: string | undefined;
  readonly lid?: string | undefined;
}

/**
 * Why a mapping is refused.
 *
 * - `swapped`: its LID is our phone number, or its phone number our LID.
 * - `half-own`: exactly one of its ends is ours. Moving state by it would give our sessions to another user,
 *   or theirs to us.
 */
export type MappingRefusal = "half-own" | "swapped";

/** Who we are, from everything that knows: the device, and credentials that are not saved yet. */
export class OwnUsers {
  readonly #sources: (() => OwnJids | undefined)[] = [];

  /** Adds what is asked each time. */
  add(source: () => OwnJids | undefined): void {
    this.#sources.push(source);
  }

  /** Whether a user part is ours, of either kind. */
  has(user: string): boolean {
    return this.#jids.some((jid) => jid.user === user);
  }

  /** Whether a device of ours is the one that this account is. */
  isThisDevice(device: number): boolean {
    return this.#jids.some((jid) => jid.device === device);
  }

  get #jids(): Jid[] {
    const own = this.#sources.map((source) => source());
    return own.flatMap((jids) => [...jidsOf(jids?.pn), ...jidsOf(jids?.lid)]);
  }

  /**
   * Tells the mappings that may be believed from those that may not.
   *
   * @param isOwnSource Whether they come from login or pairing, which may name the end of us that is not
   * known yet.
   */
  judge<M extends LearntMapping>(
    mappings: readonly M[],
    isOwnSource: boolean,
  ): { readonly accepted: readonly M[]; readonly refusals: readonly MappingRefusal[] } {
    // More than one of each only while a change is being saved.
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
