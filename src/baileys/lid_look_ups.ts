import { isLidServer, type Jid, tryParseJid } from "../addresses/mod.ts";
import type { AccountLids } from "../directory/lid/mod.ts";
import type { AbsentLids } from "./absent_lids.ts";
import type { JidPair, LidMappingLike } from "./library_types.ts";
import { isNumberServer } from "./repository_address.ts";
import type { ToldMappings } from "./told_mappings.ts";

/** Options of {@link replaceLidLookUps}. */
export interface LidLookUpsParts {
  /** Baileys' object, whose functions are replaced. */
  readonly lidMapping: LidMappingLike;
  readonly lid: AccountLids;
  readonly told: ToldMappings;
  /** `undefined` for a repository that does not query the server. */
  readonly absent: AbsentLids | undefined;
  /** LIDs by the JID of a phone number in use: they stay the same until the operation ends. */
  readonly pinned: ReadonlyMap<string, string | null>;
}

/**
 * Makes Baileys look up mappings in the account and store them there. Baileys caches mappings for three days
 * and would miss mappings learned elsewhere.
 *
 * For a phone number without a known LID, Baileys' own look-up queries the server and stores the answer. A
 * phone number for which the server knows none is not queried again for five minutes, unless a mapping is
 * learnt.
 */
export function replaceLidLookUps({ lidMapping, lid, told, absent, pinned }: LidLookUpsParts): void {
  const fetchLids = lidMapping.getLIDsForPNs.bind(lidMapping);

  async function lidsOf(asked: readonly AskedJid[]): Promise<(string | undefined)[]> {
    return await lid.getLids(asked.map(({ jid }) => jid.user));
  }

  lidMapping.getLIDsForPNs = async (pns) => {
    const asked = askedJids(pns, isNumberServer);
    const known = await lidsOf(asked);
    const missing = asked.filter(
      ({ jid }, index) => known[index] === undefined && absent?.has(jid.user) !== true,
    );
    if (missing.length > 0) await fetchLids(missing.map(({ text }) => text));
    const lids = missing.length > 0 ? await lidsOf(asked) : known;
    const queried = new Set(missing);
    for (const [index, one] of asked.entries()) {
      if (lids[index] !== undefined) absent?.delete(one.jid.user);
      else if (queried.has(one)) absent?.add(one.jid.user);
    }
    return pairsOf(asked, lids, ({ text, jid }, user) => ({ lid: lidJidOf(jid, user), pn: text }));
  };
  lidMapping.getLIDForPN = async (pn) => {
    const lidJid = pinned.get(pn);
    return lidJid === undefined ? ((await lidMapping.getLIDsForPNs([pn]))?.[0]?.lid ?? null) : lidJid;
  };
  lidMapping.getPNsForLIDs = async (lids) => {
    const asked = askedJids(lids, isLidServer);
    const users = await lid.getPns(asked.map(({ jid }) => jid.user));
    return pairsOf(asked, users, ({ text, jid }, user) => ({ lid: text, pn: pnJidOf(jid, user) }));
  };
  lidMapping.getPNForLID = async (lidJid) => (await lidMapping.getPNsForLIDs([lidJid]))?.[0]?.pn ?? null;
  lidMapping.storeLIDPNMappings = (pairs) => told.learnJids(pairs);
}

/** A requested JID and its text. */
interface AskedJid {
  readonly text: string;
  readonly jid: Jid;
}

function askedJids(texts: readonly string[], isAsked: (server: Jid["server"]) => boolean): AskedJid[] {
  return [...new Set(texts)].flatMap((text) => {
    const jid = tryParseJid(text);
    return jid === undefined || !isAsked(jid.server) ? [] : [{ text, jid }];
  });
}

/** @returns `null` when nothing was found, as in Baileys. */
function pairsOf(
  asked: readonly AskedJid[],
  users: readonly (string | undefined)[],
  pair: (asked: AskedJid, user: string) => JidPair,
): JidPair[] | null {
  const pairs = asked.flatMap((one, index) => {
    const user = users[index];
    return user === undefined ? [] : [pair(one, user)];
  });
  return pairs.length === 0 ? null : pairs;
}

/** The LID of the same device, in Baileys' spelling. */
function lidJidOf({ device, server }: Jid, user: string): string {
  return `${user}${device === 0 ? "" : `:${device}`}@${server === "hosted" ? "hosted.lid" : "lid"}`;
}

/** The phone number of the same device, in Baileys' spelling, which includes device 0. */
function pnJidOf({ device, server }: Jid, user: string): string {
  return `${user}:${device}@${server === "hosted.lid" ? "hosted" : "s.whatsapp.net"}`;
}
