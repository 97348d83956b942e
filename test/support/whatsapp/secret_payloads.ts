/**
 * Encrypts what clients encrypt with the secret of another message: votes, responses to events, edits.
 * @module
 */

import { createCipheriv, createHmac, randomBytes } from "node:crypto";

/** Names of keys in their derivation. */
export type SecretUseCase = "Poll Vote" | "Event Response" | "Message Edit" | "Event Edit";

/** What a part is encrypted for. */
export interface SecretContext {
  /** Secret of the other message, 32 bytes. */
  readonly secret: Uint8Array;
  /** Id of the other message. */
  readonly id: string;
  /** JID of the other message's sender, without device. */
  readonly creator: string;
  /** JID of the part's sender, without device. */
  readonly author: string;
  readonly useCase: SecretUseCase;
}

/** Encrypts a part. */
export function encryptWithSecret(
  { secret, id, creator, author, useCase }: SecretContext,
  plaintext: Uint8Array,
): { encPayload: Uint8Array; encIv: Uint8Array } {
  const extracted = createHmac("sha256", new Uint8Array(32)).update(secret).digest();
  const key = createHmac("sha256", extracted)
    .update(`${id}${creator}${author}${useCase}`)
    .update(Uint8Array.of(1))
    .digest();
  const encIv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, encIv);
  const isBound = useCase === "Poll Vote" || useCase === "Event Response";
  cipher.setAAD(Buffer.from(isBound ? `${id}\0${author}` : ""));
  return {
    encPayload: Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]),
    encIv,
  };
}
