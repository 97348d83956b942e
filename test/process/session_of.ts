import type { SignalPeer } from "../baileys/signal_peer.ts";
import type { ToSender } from "./sender.ts";

/** A key bundle as Baileys' repository takes it. */
export function sessionOf(
  bundle: Extract<ToSender, { kind: "bundle" }>,
): Parameters<SignalPeer["repository"]["injectE2ESession"]>[0]["session"] {
  const { registrationId, identityKey, signedPreKey, preKey } = bundle;
  return {
    registrationId,
    identityKey: Buffer.from(identityKey, "base64"),
    signedPreKey: {
      keyId: signedPreKey.keyId,
      publicKey: Buffer.from(signedPreKey.publicKey, "base64"),
      signature: Buffer.from(signedPreKey.signature, "base64"),
    },
    preKey: { keyId: preKey.keyId, publicKey: Buffer.from(preKey.publicKey, "base64") },
  };
}
