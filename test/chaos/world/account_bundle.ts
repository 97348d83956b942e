import type { Account } from "../../../src/account/mod.ts";
import { signalPublicKey } from "../../../src/device/mod.ts";
import type { Bundle } from "../clients/client.ts";

/** What a peer begins a session with, as the account has uploaded it: without a one-time pre-key. */
export function bundleOf(account: Account): Bundle {
  const { registrationId, identityKey, signedPreKey, signedPreKeyId, signedPreKeySignature } =
    account.device.getDeviceSnapshot();
  return {
    registrationId,
    identityKey: signalPublicKey(identityKey.publicKey),
    signedPreKey: {
      keyId: signedPreKeyId,
      publicKey: signalPublicKey(signedPreKey.publicKey),
      signature: signedPreKeySignature,
    },
  };
}
