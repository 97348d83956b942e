import type { Account } from "../../account/mod.ts";
import { formatSignalAddress, toSignalAddress, tryParseJid } from "../../addresses/mod.ts";
import { bindingOf } from "../binding.ts";
import type { LidMappingLike } from "../library_types.ts";
import { isNumberServer } from "../repository_address.ts";

/** Limit of sessions that are loaded together. Two devices of each member of the largest group are half. */
const MAX_PREFETCHED = 4_096;

/** Dependencies of {@link prefetchSessions}. */
export interface PrefetchParts {
  readonly account: Account;
  /** Look-ups of the present socket; `undefined` before there is one. */
  readonly lidMapping: LidMappingLike | undefined;
}

/**
 * Loads the sessions of devices to which Baileys is about to send, and their users' mappings, by one query
 * each. Baileys asks for one device after the other, by three queries each, and queries the server for each
 * phone number without a LID.
 *
 * What fails is left to Baileys' own reads, which reject. @param jids JIDs of the devices.
 */
export async function prefetchSessions(
  { account, lidMapping }: PrefetchParts,
  jids: readonly string[],
): Promise<void> {
  const { cache } = bindingOf(account);
  const limit = Math.min(MAX_PREFETCHED, account.signalPolicy.capacity ?? MAX_PREFETCHED);
  const devices = jids.slice(0, limit).flatMap((text) => tryParseJid(text) ?? []);
  if (devices.length === 0) return;
  try {
    const numbers = devices.filter(({ server }) => isNumberServer(server)).map(({ user }) => user);
    const pns = [...new Set(numbers)].map((user) => `${user}@s.whatsapp.net`);
    if (pns.length > 0) await lidMapping?.getLIDsForPNs(pns);
    const places = await cache.locate(devices.map((device) => formatSignalAddress(toSignalAddress(device))));
    await cache.sessions.loadMany([...new Set(places)]);
  } catch {
    // The same read fails again where its result is needed.
  }
}
