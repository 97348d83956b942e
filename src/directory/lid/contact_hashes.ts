import { md5 } from "@noble/hashes/legacy.js";
import type { ProtocolReads } from "../../backend/mod.ts";
import { decodeBase64, encodeUtf8 } from "../../bytes/mod.ts";
import type { LidPnCache, LidWatcher } from "./lid_pn_cache.ts";

/** Appended to the user part before it is hashed. */
const SUFFIX = "WA_ADD_NOTIF";

/** Length of a hash in bytes. */
const HASH_BYTES = 3;

/** A mapping, as user parts. */
interface Pair {
  readonly lid: string;
  readonly phoneNumber: string;
}

/** Dependencies of `ContactHashes`. */
export interface ContactHashesParts {
  readonly reads: Pick<ProtocolReads, "getAllLidMappings">;
  readonly lids: Pick<LidPnCache, "getLid" | "getPn" | "watch">;
}

/**
 * Finds users by the short hash in some notifications: the first three bytes of the MD5 of the user part and
 * a suffix. The first lookup reads all mappings from the store; the LID cache keeps the index current.
 */
export class ContactHashes implements LidWatcher {
  readonly #parts: ContactHashesParts;
  /**
   * By hash: the kind and the user part of each user, separated by spaces. A user stays in the index after
   * its mapping is removed, so each hit is looked up again.
   */
  #names: Map<number, string> | undefined;
  #reading: Promise<void> | undefined;

  constructor(parts: ContactHashesParts) {
    this.#parts = parts;
    parts.lids.watch(this);
  }

  /** See `Directory.lidOfContactHash`. */
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

  learnt({ lid, phoneNumber }: Pair): void {
    if (this.#names === undefined) return;
    addName(this.#names, lid, `lid:${lid}`);
    addName(this.#names, phoneNumber, `pn:${phoneNumber}`);
  }

  /** The next call reads all mappings again. */
  forgotten(): void {
    this.#names = undefined;
    this.#reading = undefined;
  }

  async #read(): Promise<void> {
    this.#names = new Map();
    try {
      for await (const pair of this.#parts.reads.getAllLidMappings()) this.learnt(pair);
    } catch (error) {
      this.forgotten();
      throw error;
    }
  }

  async #lidOf(name: string): Promise<string | undefined> {
    const [kind, user = ""] = name.split(":");
    const { lids } = this.#parts;
    if (kind === "pn") return await lids.getLid(user);
    return (await lids.getPn(user)) === undefined ? undefined : user;
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
