import type { WebCrypto } from "./host_crypto.ts";
import { IV_BYTES, type Sealer, type SealerKey, TAG_BYTES } from "./sealer.ts";

const TAG_BITS = 8 * TAG_BYTES;

/** A sealer over WebCrypto, which answers later. */
export function webSealer(crypto: WebCrypto): Sealer {
  return {
    importKey(bytes): SealerKey {
      const imported = crypto.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
      // Each use reports the failure.
      imported.catch(() => {});
      return {
        async seal(into, headBytes, value, associatedData) {
          const parameters = parametersOf(into, headBytes, associatedData);
          into.set(new Uint8Array(await crypto.encrypt(parameters, await imported, value)), headBytes);
          return undefined;
        },
        async open(sealed, headBytes, associatedData) {
          const parameters = parametersOf(sealed, headBytes, associatedData);
          const key = await imported;
          try {
            return new Uint8Array(await crypto.decrypt(parameters, key, sealed.subarray(headBytes)));
          } catch {
            return undefined;
          }
        },
      };
    },
  };
}

/** The parameters of one call. The caller changes `associatedData` as soon as the call has returned. */
function parametersOf(sealed: Uint8Array, headBytes: number, associatedData: Uint8Array) {
  const iv = sealed.subarray(headBytes - IV_BYTES, headBytes);
  return { name: "AES-GCM", iv, additionalData: associatedData.slice(), tagLength: TAG_BITS } as const;
}
