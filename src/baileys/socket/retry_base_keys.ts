import type { Account } from "../../account/mod.ts";
import { formatSignalAddress, parseNodeAddress } from "../../addresses/mod.ts";
import { isBytes, sameBytes } from "../../bytes/mod.ts";
import { PortableCache } from "../../cache/mod.ts";
import { summarizeError } from "../../write_behind/mod.ts";
import type { SignalRepositoryLike } from "../library_types.ts";

/** The used part of Baileys' `MessageRetryManager`, of which each socket has one. */
export interface RetryManagerLike {
  getRetryCount(id: string): number;
  incrementRetryCount(id: string): number;
  saveBaseKey(address: string, id: string, key: Uint8Array): void;
  hasSameBaseKey(address: string, id: string, key: Uint8Array): boolean;
  deleteBaseKey(address: string, id: string): void;
}

/** Devices that asked for a message again a moment ago. */
const MAX_ASKED = 1_000;
const ASKED_TTL_MS = 60_000;

/** Base keys of one device that are stored in an hour: a device may ask for messages that do not exist. */
const MAX_SAVED = 16;
const SAVED_TTL_MS = 3_600_000;

/** A base key that was compared with the stored one. */
interface Comparison {
  readonly key: Uint8Array;
  readonly isSame: boolean;
}

/**
 * The base keys of the sessions that messages were sent again on, in the account's store. A third request on
 * the same base key means that the session is of no use, and Baileys begins a new one.
 *
 * Baileys compares them without waiting. So the stored key is compared before, when Baileys asks the
 * repository for the session of a device that has just asked for a message again.
 */
export class RetryBaseKeys {
  readonly #account: Account;
  /** Message ids by the JID of the device that asks for them again. */
  readonly #asked: PortableCache<string, string>;
  /** By address and message id. */
  readonly #compared: PortableCache<string, Comparison>;
  /** Number of base keys that were stored a moment ago, by address. */
  readonly #saved: PortableCache<string, number>;

  constructor(account: Account) {
    this.#account = account;
    const limits = { clock: account.host.clock, capacity: MAX_ASKED, ttlMs: ASKED_TTL_MS };
    this.#asked = new PortableCache(limits);
    this.#compared = new PortableCache(limits);
    this.#saved = new PortableCache({ ...limits, ttlMs: SAVED_TTL_MS });
  }

  /** Must be called when Baileys reads how often a device has asked for a message. */
  readonly asked = (id: string, participant: string): void => this.#asked.insert(participant, id);

  /** The function of a repository that compares the base key of a session. */
  observed(inner: SignalRepositoryLike): Pick<SignalRepositoryLike, "getSessionInfo"> {
    if (inner.getSessionInfo === undefined) return {};
    return {
      getSessionInfo: async (jid) => {
        const info = await inner.getSessionInfo?.(jid);
        const id = this.#asked.get(jid);
        const { baseKey } = (info ?? {}) as { readonly baseKey?: unknown };
        if (id !== undefined && isBytes(baseKey)) {
          await this.#compare(inner.jidToSignalProtocolAddress(jid), id, baseKey);
        }
        return info;
      },
    };
  }

  /** Adds the store to a socket's manager. Returns the undo. */
  wrap(manager: RetryManagerLike): () => void {
    const { saveBaseKey, hasSameBaseKey, deleteBaseKey } = manager;
    const { store } = this.#account;
    manager.saveBaseKey = (address, id, key) => {
      saveBaseKey.call(manager, address, id, key);
      const saved = this.#saved.get(address) ?? 0;
      if (saved >= MAX_SAVED) return;
      this.#saved.insert(address, saved + 1);
      this.#write(address, (stored) => store.saveBaseKey(stored, id, Uint8Array.from(key)));
    };
    manager.hasSameBaseKey = (address, id, key) => {
      if (hasSameBaseKey.call(manager, address, id, key)) return true;
      const compared = this.#compared.get(`${address}:${id}`);
      return compared?.isSame === true && sameBytes(compared.key, key);
    };
    manager.deleteBaseKey = (address, id) => {
      deleteBaseKey.call(manager, address, id);
      this.#compared.invalidate(`${address}:${id}`);
      this.#write(address, (stored) => store.deleteBaseKey(stored, id));
    };
    return () => Object.assign(manager, { saveBaseKey, hasSameBaseKey, deleteBaseKey });
  }

  async #compare(address: string, id: string, key: Uint8Array): Promise<void> {
    try {
      const isSame = await this.#account.store.hasSameBaseKey(
        storedAddress(address),
        id,
        Uint8Array.from(key),
      );
      this.#compared.insert(`${address}:${id}`, { key, isSame });
    } catch (error) {
      this.#log(error);
    }
  }

  #write(address: string, write: (stored: string) => Promise<void>): void {
    void (async () => await write(storedAddress(address)))().catch((error: unknown) => this.#log(error));
  }

  #log(error: unknown): void {
    const { code, message } = summarizeError(error);
    const { logger } = this.#account.host;
    logger.log("warn", "baileys: a base key is not stored or compared", { code, error: message });
  }
}

/** @throws {TypeError} When libsignal-node's name of an address is malformed. */
function storedAddress(address: string): string {
  return formatSignalAddress(parseNodeAddress(address));
}
