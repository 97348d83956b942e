import type { Account } from "../account/mod.ts";
import { formatSenderKeyName, type SignalAddress, toSignalAddress, tryParseJid } from "../addresses/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { NodeSignalCache } from "./signal_state.ts";

/**
 * Our own sender keys that were removed by the client, because of too many burned keys, or by a restore. The
 * same commit clears the group's marks. Baileys reads the marks before the key itself, so with old marks it
 * would create a new key and send it to no device.
 */
export class LostSenderKeys {
  readonly #account: Account;
  readonly #cache: NodeSignalCache;
  /** Names of keys whose removal may not be durable. */
  readonly #lost = new Set<string>();

  constructor(account: Account, cache: NodeSignalCache) {
    this.#account = account;
    this.#cache = cache;
    cache.onEvent((event) => {
      const isLost = event.kind === "closed" || event.kind === "discarded";
      if (isLost && event.store === "senderKey") this.#lost.add(event.address);
    });
    account.onIdentityChanged(() => this.#lost.clear());
  }

  /** Runs a change that removes these sender keys. If it fails, their removal is not durable yet. */
  async whileRemoved(names: readonly string[], change: () => Promise<void>): Promise<void> {
    for (const name of names) this.#lost.add(name);
    await change();
    for (const name of names) this.#lost.delete(name);
  }

  /**
   * Ensures that the stored marks of these groups belong to the present sender keys.
   *
   * @throws {StoreError} When a read or commit failed.
   */
  async clearMarks(groups: readonly string[]): Promise<void> {
    const { pn, lid } = this.#account.device.getDeviceSnapshot();
    const own = [pn, lid].map(addressOf).filter((address) => address !== undefined);
    const names = groups.flatMap((text) => {
      const group = tryParseJid(text);
      return group === undefined ? [] : own.map((sender) => formatSenderKeyName({ group, sender }));
    });
    // `locate` first moves our state under the phone number: one of two own keys is dropped, with the marks.
    const places = new Set(await this.#cache.locate(names));
    await Promise.all([...places].map((name) => this.#read(name)));
    if (this.#lost.size === 0) return;
    const lost = [...this.#lost];
    await this.#cache.makeDurable(lost);
    for (const name of lost) this.#lost.delete(name);
  }

  async #read(name: string): Promise<void> {
    try {
      await this.#cache.senderKeys.has(name);
    } catch (error) {
      // The key is damaged and stays; sending with it throws.
      if (!(error instanceof CorruptError) && !(error instanceof WrongLengthError)) throw error;
    }
  }
}

function addressOf(text: string | undefined): SignalAddress | undefined {
  const jid = text === undefined ? undefined : tryParseJid(text);
  return jid === undefined ? undefined : toSignalAddress(jid);
}
