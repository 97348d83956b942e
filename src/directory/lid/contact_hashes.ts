import { md5 } from "@noble/hashes/legacy.js";
import { decodeBase64, encodeUtf8 } from "../../bytes/mod.ts";

/** Appended to the user part before it is hashed. */
const SUFFIX = "WA_ADD_NOTIF";

/** Length of a hash in bytes. */
const HASH_BYTES = 3;

/** A mapping, as user parts. */
interface Pair {
  readonly lid: string;
  readonly phoneNumber: string;
}

/** The source of mappings, such as `LidPnCache`. */
export interface HashedUsers {
  /** All stored mappings. */
  readAll(): AsyncIterable<Pair>;
  getLid(phoneNumber: string): Promise<string | undefined>;
  getPn(lid: string): Promise<string | undefined>;
}

/**
 * Finds users by the short hash in some notifications: the first three bytes of the MD5 of the user part and
 * a suffix. The first lookup reads all mappings from the store; `add` keeps the index current.
 */
export class ContactHashes {
  readonly #users: HashedUsers;
  /**
   * By hash: the kind and the user part of each user, separated by spaces. A user stays in the index after
   * its mapping is removed, so each hit is looked up again.
   */
  #names: Map<number, string> | undefined;
  #reading: Promise<void> | undefined;

  constructor(users: HashedUsers) {
    this.#users = users;
  }

  /** See `LidPnCache.lidOfContactHash`. */
  async lidOf(hash: string): Promise<string | undefined> {
    const bytes = typeof hash === "string" ? decodeBase64(hash) : undefined;
    if (bytes?.length !== HASH_BYTES) return undefined;
    this.#reading ??= this.#read();
    await this.#reading;
    const names = this.#names?.get(numberOf(bytes))?.split(" ") ?? [];
    const lids = await Promise.all(names.map((name) => this.#lidOf(name)));
    const [lid, ...others] = new Set(lids.filter((one) => one !== undefined));
    return others.length === 0 ? lid : undefined;
  }

  /** Adds a mapping to the index. */
  add({ lid, phoneNumber }: Pair): void {
    if (this.#names === undefined) return;
    addName(this.#names, lid, `lid:${lid}`);
    addName(this.#names, phoneNumber, `pn:${phoneNumber}`);
  }

  /** Nothing is known: the next call reads all mappings again. */
  clear(): void {
    this.#names = undefined;
    this.#reading = undefined;
  }

  async #read(): Promise<void> {
    this.#names = new Map();
    try {
      for await (const pair of this.#users.readAll()) this.add(pair);
    } catch (error) {
      this.clear();
      throw error;
    }
  }

  async #lidOf(name: string): Promise<string | undefined> {
    const [kind, user = ""] = name.split(":");
    if (kind === "pn") return await this.#users.getLid(user);
    return (await this.#users.getPn(user)) === undefined ? undefined : user;
  }
}

function addName(names: Map<number, string>, user: string, name: string): void {
  const key = numberOf(md5(encodeUtf8(user + SUFFIX)));
  const known = names.get(key);
  if (known === undefined) names.set(key, name);
  else if (!known.split(" ").includes(name)) names.set(key, `${known} ${name}`);
}

/** The first three bytes. */
function numberOf(bytes: Uint8Array): number {
  const [high = 0, middle = 0, low = 0] = bytes;
  return (high << 16) | (middle << 8) | low;
}
