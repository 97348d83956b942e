import type { Account } from "../account/mod.ts";
import { formatSenderKeyName, type SignalAddress, toSignalAddress, tryParseJid } from "../addresses/mod.ts";
import { CorruptError, WrongLengthError } from "../errors/mod.ts";
import type { NodeSignalCache } from "./signal_state.ts";

/**
 * Own sender keys that were removed because too many of their keys were burned, or because they are older
 * than a restore. What is stored of who holds them goes in the same commit. Baileys reads who holds a group's
 * sender key before the key itself: it would begin a new one and send it to nobody.
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

  /**
   * Makes sure that what is stored of who holds the sender keys of these groups is about the keys that there
   * are.
   *
   * @throws {StoreError} When it could not be read or committed.
   */
  async clearMarks(groups: readonly string[]): Promise<void> {
    const { pn, lid } = this.#account.device.getDeviceSnapshot();
    const own = [pn, lid].map(addressOf).filter((address) => address !== undefined);
    const names = groups.flatMap((text) => {
      const group = tryParseJid(text);
      return group === undefined ? [] : own.map((sender) => formatSenderKeyName({ group, sender }));
    });
    // What is left of us under the phone number is moved first: of two keys of ours one is dropped, with the
    // marks.
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
      // It is damaged, and so not given up: whoever wants to send with it is told.
      if (!(error instanceof CorruptError) && !(error instanceof WrongLengthError)) throw error;
    }
  }
}

function addressOf(text: string | undefined): SignalAddress | undefined {
  const jid = text === undefined ? undefined : tryParseJid(text);
  return jid === undefined ? undefined : toSignalAddress(jid);
}
