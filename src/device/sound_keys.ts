import type { Device } from "../backend/mod.ts";
import { sameBytes } from "../bytes/mod.ts";
import { montgomeryPublicKey } from "./_curve25519.ts";
import { signalPublicKey } from "./key_pair.ts";
import { isSignedBy } from "./xeddsa.ts";

/**
 * What of a device's keys does not belong together: a key pair of which a half is damaged, or the signature
 * of the signed pre-key. `undefined` when all do. No test finds damage in `advSecretKey`, which is random.
 */
export async function unsoundKeyOf(device: Device): Promise<string | undefined> {
  for (const name of ["noiseKey", "identityKey", "signedPreKey"] as const) {
    const { privateKey, publicKey } = device[name];
    if (!sameBytes(montgomeryPublicKey(privateKey), publicKey)) return name;
  }
  const signed = signalPublicKey(device.signedPreKey.publicKey);
  const isSigned = await isSignedBy(device.identityKey.publicKey, signed, device.signedPreKeySignature);
  return isSigned ? undefined : "signedPreKeySignature";
}
