import type { Account } from "../account/mod.ts";
import { isLidServer, tryParseJid } from "../addresses/mod.ts";
import { migrationOf, type UserMigration } from "../directory/mod.ts";
import { isNumberServer } from "./repository_address.ts";

/** A mapping: user parts. */
export interface UserPair {
  readonly lid: string;
  readonly phoneNumber: string;
}

/** The used part of Baileys' credentials. */
interface CredsLike {
  readonly me?: { readonly id?: string | undefined; readonly lid?: string | undefined } | undefined;
}

/**
 * Learns mappings from Baileys, from any of its functions: each moves its user's state, and the last one
 * counts.
 */
export class ToldMappings {
  readonly #migration: UserMigration;
  /** Credentials that may contain our JIDs before the device does. */
  readonly #creds = new Set<CredsLike>();

  constructor(account: Account) {
    this.#migration = migrationOf(account);
  }

  /** Adds credentials as a source of our own JIDs: Baileys changes them in place before it saves them. */
  addCreds(creds: CredsLike): void {
    if (this.#creds.has(creds)) return;
    this.#creds.add(creds);
    this.#migration.lid.own.add(() => ({ pn: creds.me?.id, lid: creds.me?.lid }));
  }

  /** Whether a user part is our own. */
  isOwn(user: string): boolean {
    return this.#migration.lid.own.has(user);
  }

  isThisDevice(device: number): boolean {
    return this.#migration.lid.own.isThisDevice(device);
  }

  /** As `learn`, for pairs of JIDs. Rejects pairs with swapped ends and ignores invalid ones. */
  async learnJids(pairs: readonly { readonly lid: string; readonly pn: string }[]): Promise<void> {
    const told: UserPair[] = [];
    let swapped = 0;
    for (const pair of pairs) {
      const [lid, pn] = [tryParseJid(pair.lid), tryParseJid(pair.pn)];
      if (lid === undefined || pn === undefined) continue;
      if (isLidServer(lid.server) && isNumberServer(pn.server))
        told.push({ lid: lid.user, phoneNumber: pn.user });
      else if (isNumberServer(lid.server) && isLidServer(pn.server)) swapped += 1;
    }
    this.#migration.lid.refuse(new Array(swapped).fill("swapped"));
    await this.learn(told);
  }

  /**
   * As `learn`, for pairs without servers: a pair is rejected as swapped when the reverse mapping is known.
   *
   * @throws {StoreError} As `learn`.
   */
  async learnUsers(pairs: readonly UserPair[]): Promise<void> {
    const news = pairs.filter((pair) => !this.#isDone(pair));
    if (news.length === 0) return;
    const { lid: names } = this.#migration;
    const reverse = await names.getPns(news.map(({ phoneNumber }) => phoneNumber));
    const right = news.filter(({ lid }, index) => reverse[index] !== lid);
    names.refuse(new Array(news.length - right.length).fill("swapped"));
    await this.learn(right);
  }

  /**
   * Learns pairs and moves their users' state. Does not query the store when all pairs are known and moved.
   *
   * @returns The number of moved sessions.
   * @throws {StoreError} When a read or commit failed.
   */
  async learn(pairs: readonly UserPair[]): Promise<number> {
    const news = pairs.filter((pair) => !this.#isDone(pair));
    if (news.length === 0) return 0;
    return (await this.#migration.learn(news, { source: "other", overrides: true })).sessions;
  }

  /** As `learn`, for a pair whose LID may be a known earlier one of the phone number. @returns As `learn`. */
  async migrate(pair: UserPair): Promise<number> {
    if (this.#isDone(pair)) return 0;
    const known = await this.#migration.lid.getPn(pair.lid);
    return known === pair.phoneNumber
      ? await this.#migration.moveLeftovers([pair.phoneNumber])
      : await this.learn([pair]);
  }

  /** Moves state under phone numbers whose LIDs are known. @throws {StoreError} */
  async moveLeftovers(phoneNumbers: readonly string[]): Promise<void> {
    const { lid } = this.#migration;
    const isDone = (phoneNumber: string): boolean => {
      const known = lid.peekLid(phoneNumber);
      return known !== undefined && this.#migration.isSwept({ pn: phoneNumber, lid: known });
    };
    const left = phoneNumbers.filter((phoneNumber) => !isDone(phoneNumber));
    if (left.length > 0) await this.#migration.moveLeftovers(left);
  }

  /**
   * Must be called after a store under phone numbers. If their LIDs are known by now, their state is searched
   * again.
   */
  storedUnder(phoneNumbers: readonly string[]): void {
    const lids = phoneNumbers.map((phoneNumber) => this.#migration.lid.peekLid(phoneNumber));
    this.#migration.forgetSwept(lids.filter((lid) => lid !== undefined));
  }

  #isDone({ lid, phoneNumber }: UserPair): boolean {
    const { lid: names } = this.#migration;
    const isKnown = names.peekLid(phoneNumber) === lid && names.peekPn(lid) === phoneNumber;
    return isKnown && this.#migration.isSwept({ pn: phoneNumber, lid });
  }
}
