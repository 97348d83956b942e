import { isLidServer, type Jid, tryParseJid } from "../addresses/mod.ts";
import type { AccountLids } from "../directory/lid/mod.ts";
import type { JidPair, LidMappingLike } from "./library_types.ts";
import { isNumberServer } from "./repository_address.ts";
import type { ToldMappings } from "./told_mappings.ts";

/** What the look-ups of one repository are made of. */
export interface LidLookUpsParts {
  /** Baileys' own, whose functions are replaced. */
  readonly lidMapping: LidMappingLike;
  readonly lid: AccountLids;
  readonly told: ToldMappings;
  /** LIDs by the JID of a phone number that an operation uses: they stay the same until it ends. */
  readonly pinned: ReadonlyMap<string, string | null>;
}

/**
 * Lets Baileys' look-ups of mappings ask the account, and what it stores be learnt by it. Baileys keeps what
 * it has seen for three days, and would not hear of what others learn.
 *
 * A phone number whose LID the account does not know is left to Baileys' own look-up, which asks the server
 * and stores the answer.
 */
export function replaceLidLookUps({ lidMapping, lid, told, pinned }: LidLookUpsParts): void {
  const fetchLids = lidMapping.getLIDsForPNs.bind(lidMapping);

  async function lidsOf(asked: readonly AskedJid[]): Promise<(string | undefined)[]> {
    return await lid.getLids(asked.map(({ jid }) => jid.user));
  }

  lidMapping.getLIDsForPNs = async (pns) => {
    const asked = askedJids(pns, isNumberServer);
    const known = await lidsOf(asked);
    const missing = asked.filter((_, index) => known[index] === undefined);
    if (missing.length > 0) await fetchLids(missing.map(({ text }) => text));
    const lids = missing.length > 0 ? await lidsOf(asked) : known;
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

/** A JID that is asked for, as it was written. */
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

/** @returns `null` when nothing was found, as Baileys does. */
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

/** The phone number of the same device, in Baileys' spelling: it writes device 0, too. */
function pnJidOf({ device, server }: Jid, user: string): string {
  return `${user}:${device}@${server === "hosted.lid" ? "hosted" : "s.whatsapp.net"}`;
}
