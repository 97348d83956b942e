import { generateSignalPubKey, type SignalCreds, type SignalRepositoryWithLIDStore } from "baileys";

type Session = Parameters<SignalRepositoryWithLIDStore["injectE2ESession"]>[0]["session"];

/** What a server answers about a device of these credentials, for `injectE2ESession`: one pre-key is taken. */
export function offeredSession(
  creds: SignalCreds,
  preKey: { readonly public: Uint8Array },
  keyId = 1,
): Session {
  const { registrationId, signedIdentityKey, signedPreKey } = creds;
  return {
    registrationId,
    identityKey: generateSignalPubKey(signedIdentityKey.public),
    signedPreKey: {
      keyId: signedPreKey.keyId,
      publicKey: generateSignalPubKey(signedPreKey.keyPair.public),
      signature: signedPreKey.signature,
    },
    preKey: { keyId, publicKey: generateSignalPubKey(preKey.public) },
  };
}
