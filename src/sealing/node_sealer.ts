import type { NodeCrypto } from "./host_crypto.ts";
import { IV_BYTES, type Sealer, type SealerKey, TAG_BYTES } from "./sealer.ts";

const ALGORITHM = "aes-256-gcm";
const OPTIONS = { authTagLength: TAG_BYTES } as const;

/** A sealer that answers at once, through `node:crypto`. */
export function nodeSealer(crypto: NodeCrypto): Sealer {
  return {
    importKey(bytes): SealerKey {
      const key = crypto.createSecretKey(bytes);
      return {
        seal(into, headBytes, value, associatedData) {
          const iv = into.subarray(headBytes - IV_BYTES, headBytes);
          const cipher = crypto.createCipheriv(ALGORITHM, key, iv);
          cipher.setAAD(associatedData);
          into.set(cipher.update(value), headBytes);
          cipher.final();
          into.set(cipher.getAuthTag(), headBytes + value.length);
          return undefined;
        },
        open(sealed, headBytes, associatedData) {
          const iv = sealed.subarray(headBytes - IV_BYTES, headBytes);
          const tagAt = sealed.length - TAG_BYTES;
          const decipher = crypto.createDecipheriv(ALGORITHM, key, iv, OPTIONS);
          decipher.setAAD(associatedData);
          decipher.setAuthTag(sealed.subarray(tagAt));
          const value = owned(decipher.update(sealed.subarray(headBytes, tagAt)));
          try {
            decipher.final();
          } catch {
            return undefined;
          }
          return value;
        },
      };
    },
  };
}

/** The bytes of a buffer as a plain array, copied only where others share its memory. */
function owned(buffer: Uint8Array): Uint8Array {
  const isAlone = buffer.buffer.byteLength === buffer.length;
  return isAlone ? new Uint8Array(buffer.buffer, 0, buffer.length) : new Uint8Array(buffer);
}
