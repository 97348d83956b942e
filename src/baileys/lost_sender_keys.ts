import type { Account } from "../account/mod.ts";
import {
  formatJid,
  formatSenderKeyName,
  type SignalAddress,
  toSignalAddress,
  tryParseJid,
} from "../addresses/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { NodeSignalCache } from "./signal_state.ts";

/** Dependencies of {@link settleLosses}. */
interface LossParts {
  readonly account: Account;
  readonly cache: NodeSignalCache;
}

/**
 * Ensures that the stored marks of these groups belong to our present sender keys. A key is lost when the
 * client removes it, because of too many burned keys, or by a restore; the same commit clears the group's
 * marks. Baileys reads the marks before the key itself, so with old marks it would create a new key and send
 * it to no device.
 *
 * @throws {StoreError} When a read or commit failed.
 */
export async function settleLosses({ account, cache }: LossParts, groups: readonly string[]): Promise<void> {
  const { pn, lid } = account.device.getDeviceSnapshot();
  const own = [pn, lid].map(addressOf).filter((address) => address !== undefined);
  const jids = groups.map(tryParseJid).filter((jid) => jid !== undefined);
  const names = jids.flatMap((group) => own.map((sender) => formatSenderKeyName({ group, sender })));
  // `locate` first moves our state under the phone number: one of two own keys is dropped, with the marks.
  const places = new Set(await cache.locate(names));
  // A key that is loaded may be lost by that.
  await Promise.all([...places].map((name) => load(cache, name)));
  await cache.makeLossesDurable(jids.map(formatJid));
}

async function load(cache: NodeSignalCache, name: string): Promise<void> {
  try {
    await cache.senderKeys.has(name);
  } catch (error) {
    // The key is damaged and stays; sending with it throws.
    if (!(error instanceof CorruptError) && !(error instanceof WrongLengthError)) throw error;
  }
}

function addressOf(text: string | undefined): SignalAddress | undefined {
  const jid = text === undefined ? undefined : tryParseJid(text);
  return jid === undefined ? undefined : toSignalAddress(jid);
}
