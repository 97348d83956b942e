import type { Write } from "../backend/mod.ts";
import type { DecryptionFollower } from "./decryption_follower.ts";
import type { KeyDataSet } from "./library_types.ts";

/** Options of {@link FollowedDecryptions}. */
export interface FollowedDecryptionsOptions {
  readonly follower: DecryptionFollower;
  /** Stores the sets of one decryption at once, with writes that land in the commit of `place`. */
  readonly take: (sets: readonly KeyDataSet[], place: string, writes: readonly Write[]) => Promise<void>;
  /** Makes the state of a canonical address or sender key name durable. */
  readonly makeDurable: (place: string) => Promise<void>;
}

/** One decryption under its locks. */
export interface Step {
  readonly ciphertext: Uint8Array;
  /** Canonical Signal address or sender key name whose ratchet steps. */
  readonly place: string;
  /** The keys that the library stores and removes with the step. */
  readonly keys: readonly HeldKey[];
}

/** A key by its type and id. */
export type HeldKey = `${"session" | "sender-key" | "pre-key"}:${string}`;

/**
 * Decryptions with a follower. The library stores the step of a ratchet before it returns the plaintext. So
 * what it stores is held until the plaintext is known, and then both become dirty at once: no commit contains
 * the step without the follower's writes.
 */
export class FollowedDecryptions {
  readonly #options: FollowedDecryptionsOptions;
  /** What running decryptions have stored, by the keys that they hold. */
  readonly #held = new Map<HeldKey, KeyDataSet[]>();

  constructor(options: FollowedDecryptionsOptions) {
    this.#options = options;
  }

  /** Runs the whole operation of one ciphertext, which takes its locks and calls `step`. */
  async follow(ciphertext: Uint8Array, operation: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const { follower } = this.#options;
    try {
      await follower.admit?.(ciphertext);
      return await operation();
    } catch (error) {
      const known = await follower.recall?.(ciphertext);
      if (known === undefined) throw error;
      return known;
    } finally {
      follower.settled?.(ciphertext);
    }
  }

  /** Decrypts under the locks of the ratchet. */
  async step({ ciphertext, place, keys }: Step, decrypt: () => Promise<Uint8Array>): Promise<Uint8Array> {
    const { follower, take, makeDurable } = this.#options;
    const sets: KeyDataSet[] = [];
    for (const key of keys) this.#held.set(key, sets);
    let plaintext: Uint8Array;
    try {
      plaintext = await decrypt();
    } finally {
      for (const key of keys) this.#held.delete(key);
    }
    const writes = follower.decrypted(ciphertext, plaintext);
    try {
      await take(sets, place, writes);
      if (writes.length > 0) await makeDurable(place);
    } catch (error) {
      if (writes.length > 0) follower.unsaved?.(ciphertext, error);
      throw error;
    }
    if (writes.length > 0) follower.landed?.(ciphertext);
    return plaintext;
  }

  /**
   * Holds what a running decryption stores: a stepped ratchet, or the removal of its pre-key. Returns `false`
   * for other sets, which must be stored at once because the library reads them again.
   */
  hold(data: KeyDataSet): boolean {
    const entries = Object.entries(data).flatMap(([type, values]) =>
      Object.entries(values ?? {}).map(([id, value]) => ({ key: `${type}:${id}` as HeldKey, type, value })),
    );
    const [first] = entries;
    const sets = first && this.#held.get(first.key);
    if (sets === undefined || !entries.every(isStep)) return false;
    sets.push(data);
    return true;
  }
}

function isStep({ type, value }: { readonly type: string; readonly value: unknown }): boolean {
  return type === "pre-key" ? value === null : value !== null;
}
