import type { Write } from "../backend/mod.ts";

/**
 * What follows the decryptions of a guarded repository. A ciphertext is the object that the library passes
 * to the repository. No method throws; only `admit` and `recall` may reject.
 */
export interface DecryptionFollower {
  /** Called before any lock is taken. The decryption waits for it, and fails when it rejects. */
  admit?(ciphertext: Uint8Array): Promise<void> | undefined;
  /**
   * Called with a plaintext under the locks of its ratchet, before the step of the ratchet is in memory.
   *
   * @returns Valid writes that land in the commit that makes the step durable. If there are any, the
   * decryption resolves after that commit.
   */
  decrypted(ciphertext: Uint8Array, plaintext: Uint8Array): readonly Write[];
  /** Called after the commit of a message with writes. */
  landed?(ciphertext: Uint8Array): void;
  /** Called when a message with writes was decrypted, but not committed. The decryption then fails. */
  unsaved?(ciphertext: Uint8Array, error: unknown): void;
  /**
   * Called when a ciphertext could not be decrypted, such as one whose key was used before.
   *
   * @returns Its plaintext, if it is known. The decryption then resolves with it.
   */
  recall?(ciphertext: Uint8Array): Promise<Uint8Array | undefined>;
  /** Called at the end of each decryption. */
  settled?(ciphertext: Uint8Array): void;
}

/** Several followers as one. */
export function joinFollowers(followers: readonly DecryptionFollower[]): DecryptionFollower | undefined {
  const [only, ...others] = followers;
  if (others.length === 0) return only;
  return {
    async admit(ciphertext) {
      for (const follower of followers) await follower.admit?.(ciphertext);
    },
    decrypted: (ciphertext, plaintext) =>
      followers.flatMap((follower) => follower.decrypted(ciphertext, plaintext)),
    landed(ciphertext) {
      for (const follower of followers) follower.landed?.(ciphertext);
    },
    unsaved(ciphertext, error) {
      for (const follower of followers) follower.unsaved?.(ciphertext, error);
    },
    async recall(ciphertext) {
      for (const follower of followers) {
        const known = await follower.recall?.(ciphertext);
        if (known !== undefined) return known;
      }
      return undefined;
    },
    settled(ciphertext) {
      for (const follower of followers) follower.settled?.(ciphertext);
    },
  };
}
