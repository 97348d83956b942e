import type { Account } from "../account/mod.ts";
import {
  formatJid,
  formatNodeAddress,
  formatSignalAddress,
  isLidServer,
  parseNodeAddress,
  parseSignalAddress,
  signalAddressToJid,
} from "../addresses/mod.ts";
import type { BaileysBinding } from "./binding.ts";
import type { SignalRepositoryLike } from "./library_types.ts";
import { replaceLidLookUps } from "./lid_look_ups.ts";
import { phoneNumberJidOf, senderKeyNameOf } from "./repository_address.ts";
import { storedNameOf } from "./signal_kinds.ts";
import type { UnreadSessions } from "./unread_sessions.ts";

/** Options of {@link RepositoryLocks}. */
export interface RepositoryLocksOptions {
  readonly account: Account;
  readonly binding: BaileysBinding;
  /** The guarded repository, whose look-ups of mappings are replaced. */
  readonly inner: SignalRepositoryLike;
  readonly unread: UnreadSessions;
  /** Canonical names of sender keys in use, by the name in a message. */
  readonly places: Map<string, string>;
  /** Whether the repository queries the server for an unknown LID. */
  readonly queriesLids: boolean;
}

/** The locks of one repository's operations. */
export class RepositoryLocks {
  readonly #binding: BaileysBinding;
  readonly #inner: SignalRepositoryLike;
  readonly #unread: UnreadSessions;
  readonly #places: Map<string, string>;
  /**
   * Resolved LIDs of phone numbers in use; one operation per phone number, under the lock of its spelling.
   *
   * Baileys resolves addresses at each step. After a mapping is learned in between, it would store a session
   * under another address than it read, without that address's lock.
   */
  readonly #pinned = new Map<string, string | null>();

  constructor({ account, binding, inner, unread, places, queriesLids }: RepositoryLocksOptions) {
    this.#binding = binding;
    this.#inner = inner;
    this.#unread = unread;
    this.#places = places;
    const { lidMapping } = inner;
    const { told } = binding;
    const absent = queriesLids ? binding.absentLids : undefined;
    replaceLidLookUps({ lidMapping, lid: account.lid, told, absent, pinned: this.#pinned });
  }

  /**
   * Holds the lock of the address under which Baileys stores this JID's session, and keeps that address
   * fixed.
   */
  async withJid<T>(jid: string, section: (address: string) => Promise<T>): Promise<T> {
    const pn = this.#phoneNumberOf(jid);
    const using = (): Promise<T> =>
      this.#binding.cache.withAddress(this.#storedOf(jid), (place) => {
        const address = parseSignalAddress(place);
        if (pn !== undefined) {
          this.#pinned.set(pn, isLidServer(address.server) ? formatJid(signalAddressToJid(address)) : null);
        }
        const final = formatNodeAddress(address);
        return this.#unread.using(final, () => section(final));
      });
    if (pn === undefined) return await using();
    // Lock order: the lock of a spelling is always acquired before that of an address.
    return await this.#binding.spellings.withKeys([pn], async () => {
      try {
        // Baileys may query the server for the LID and store it. No lock that this needs is held.
        await this.#inner.lidMapping.getLIDForPN(pn);
        return await using();
      } finally {
        this.#pinned.delete(pn);
      }
    });
  }

  /**
   * Holds the lock of the sender key with this name in a message, under its canonical name.
   *
   * @param section Called with the canonical name, and with the id by which Baileys reads and stores the key.
   */
  withSenderKey<T>(
    group: string,
    senderJid: string,
    section: (place: string, id: string) => Promise<T>,
  ): Promise<T> {
    const id = senderKeyNameOf(group, this.#inner.jidToSignalProtocolAddress(senderJid));
    const name = storedNameOf(id) ?? id;
    const using = async (place: string): Promise<T> => {
      this.#places.set(name, place);
      try {
        return await section(place, id);
      } finally {
        this.#places.delete(name);
      }
    };
    const { cache, spellings } = this.#binding;
    return spellings.withKeys([id], () => cache.withSenderKey(name, using));
  }

  /** The canonical address of a JID's session. @throws {StoreError} When it could not be resolved. */
  async placeOf(jid: string): Promise<string> {
    const pn = this.#phoneNumberOf(jid);
    if (pn !== undefined) await this.#inner.lidMapping.getLIDForPN(pn);
    const [place = ""] = await this.#binding.cache.locate([this.#storedOf(jid)]);
    return place;
  }

  #storedOf(jid: string): string {
    return requireStored(this.#inner.jidToSignalProtocolAddress(jid));
  }

  #phoneNumberOf(jid: string): string | undefined {
    return phoneNumberJidOf(this.#inner.jidToSignalProtocolAddress(jid));
  }
}

/** @throws {TypeError} When libsignal-node's name of an address is not valid for a stored session. */
export function requireStored(address: string): string {
  return formatSignalAddress(parseNodeAddress(address));
}
