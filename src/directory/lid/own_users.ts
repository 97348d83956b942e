import { tryParseJid } from "../../addresses/mod.ts";
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
 * - `half-own`: exactly one of its ends is ours. Moving state by it would give our sessions to somebody else, or theirs to us.
 */
export type MappingRefusal = "half-own" | "swapped";

/** Who we are, from everything that knows: the device, and credentials that are not saved yet. */
export class OwnUsers {
  readonly #sources: (() => OwnJids | undefined)[] = [];

  /** Adds what is asked each time. */
  add(source: () => OwnJids | undefined): void {
    this.#sources.push(source);
  }

  /** Our phone numbers and LIDs, as user parts. More than one of each only while a change is being saved. */
  get users(): { readonly pns: ReadonlySet<string>; readonly lids: ReadonlySet<string> } {
    const own = this.#sources.map((source) => source());
    return { pns: usersOf(own.map((jids) => jids?.pn)), lids: usersOf(own.map((jids) => jids?.lid)) };
  }

  /**
   * Tells the mappings that may be believed from those that may not.
   *
   * @param isOwnSource Whether they come from login or pairing, which may name the end of us that is not known yet.
   */
  judge<M extends LearntMapping>(
    mappings: readonly M[],
    isOwnSource: boolean,
  ): { readonly accepted: readonly M[]; readonly refusals: readonly MappingRefusal[] } {
    const { pns, lids } = this.users;
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

function usersOf(jids: readonly (string | undefined)[]): ReadonlySet<string> {
  const users = jids.map((jid) => (jid === undefined ? undefined : tryParseJid(jid)?.user));
  return new Set(users.filter((user) => user !== undefined));
}
